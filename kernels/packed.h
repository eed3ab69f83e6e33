/*
 * Products with a right operand that was rounded and packed before: few rows against many weights, bound by reading them. The packed form is
 * part of the contract (src/numerics/backend.ts, packOperand): panels of 16 columns, zeros beyond the last; in a panel a word for each pair of
 * steps and column, the even step in its lower half; steps up to whole blocks. It is also the form in which AMX loads its tiles. Operands of f32 have a word each, step by step.
 */
#ifndef POL_PACKED_H
#define POL_PACKED_H

#include "product.h"
#include "runtime.h"

#define PACKED_COLUMNS 16
/* Panels of a unit of work: enough that starting one costs nothing. */
#define PACKED_UNIT 8
/* Rows whose operands are rounded at once; AMX multiplies them all, others as many as their registers hold. */
#define PACKED_ROWS 16
#if defined(POL_OPERANDS_F32)
#define PACKED_WORD_STEPS 1
#else
#define PACKED_WORD_STEPS 2
#endif
#define PACKED_BLOCK_WORDS (CHAIN_BLOCK / PACKED_WORD_STEPS * PACKED_COLUMNS)

typedef struct {
  PolArena *arena;
  const float *a, *b;
  float *c;
  uint32_t *packed;
  long m, n, k;
  /* The rounded rows, in the words that products take (bf16.h), whole blocks of them; words of one row. */
  uint32_t *left;
  long left_row;
} PackedJob;

INLINE long packed_panel_words(long k) { return round_up(k, CHAIN_BLOCK) / PACKED_WORD_STEPS * PACKED_COLUMNS; }

/* What step p of a word holds of one operand, as bf16_round. */
INLINE uint32_t packed_part(float x, long p, uint32_t *over) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > OPERAND_MAX_BITS) *over = 1;
#if defined(POL_OPERANDS_F32)
  (void)p;
  return magnitude > OPERAND_MAX_BITS ? 0 : bits;
#else
  if (magnitude < OPERAND_MIN_BITS || magnitude > OPERAND_MAX_BITS) return 0;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16 << (p % 2 * 16);
#endif
}

static void pack_operand_task(void *argument, long unit, int thread) {
  (void)thread;
  const PackedJob *job = argument;
  const long words = packed_panel_words(job->k);
  uint32_t *panel = job->packed + unit * words, over = 0;
  memset(panel, 0, (size_t)words * 4);
  for (long i = 0; i < min_long(PACKED_COLUMNS, job->n - unit * PACKED_COLUMNS); i++) {
    const float *row = job->b + (unit * PACKED_COLUMNS + i) * job->k;
    for (long p = 0; p < job->k; p++) panel[p / PACKED_WORD_STEPS * PACKED_COLUMNS + i] |= packed_part(row[p], p, &over);
  }
  if (over) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
}

/* packed = b [n, k], rounded. */
static void pack_operand(PackedJob *job) {
  pol_parallel(job->arena->pool, pack_operand_task, job, ceil_div(job->n, PACKED_COLUMNS));
}

static void round_rows(const PackedJob *job, long rows, vi *over) {
  for (long i = 0; i < rows; i++) {
    for (long p = 0; p < job->left_row; p += VW) {
      const long from = p * WORD_OPERANDS;
      vu_store(job->left + i * job->left_row + p, i < job->m ? words_along(job->a + i * job->k + from, job->k - from, over) : (vu){0});
    }
  }
}

#if defined(__AMX_BF16__)
/* Tiles take all 16 rows. */
#define PACKED_ROUNDED_ROWS(m) PACKED_ROWS
#define PACKED_AT_ONCE 4
/* Up to 16 rows times up to four panels: tiles 0 … 3 hold C. */
INLINE void packed_tiles(const PackedJob *job, const uint32_t *panel, long panels, float *c) {
  const long words = packed_panel_words(job->k);
  const size_t left_stride = (size_t)job->left_row * 4, c_stride = PACKED_AT_ONCE * PACKED_COLUMNS * 4;
  __asm__ volatile("" : : : "memory");
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (long p = 0; p < words; p += PACKED_BLOCK_WORDS) {
    _tile_loadd(4, job->left + p / PACKED_COLUMNS, left_stride);
    _tile_loadd(5, panel + p, 64);
    _tile_dpbf16ps(0, 4, 5);
    if (panels > 1) {
      _tile_loadd(6, panel + words + p, 64);
      _tile_dpbf16ps(1, 4, 6);
    }
    if (panels > 2) {
      _tile_loadd(7, panel + 2 * words + p, 64);
      _tile_dpbf16ps(2, 4, 7);
    }
    if (panels > 3) {
      _tile_loadd(5, panel + 3 * words + p, 64);
      _tile_dpbf16ps(3, 4, 5);
    }
  }
  _tile_stored(0, c, c_stride);
  _tile_stored(1, c + 16, c_stride);
  _tile_stored(2, c + 32, c_stride);
  _tile_stored(3, c + 48, c_stride);
}

static void multiply_packed(const PackedJob *job, long rows, long first, long panels) {
  float sums[PACKED_ROWS][PACKED_AT_ONCE * PACKED_COLUMNS] __attribute__((aligned(64)));
  MATRIX_UNIT_BEGIN();
  for (long i = 0; i < panels; i += PACKED_AT_ONCE) {
    const long column = (first + i) * PACKED_COLUMNS, count = min_long(PACKED_AT_ONCE, panels - i);
    packed_tiles(job, job->packed + (first + i) * packed_panel_words(job->k), count, sums[0]);
    const long columns = min_long(count * PACKED_COLUMNS, job->n - column);
    for (long r = 0; r < rows; r++) memcpy(job->c + r * job->n + column, sums[r], (size_t)columns * 4);
  }
  MATRIX_UNIT_END();
}
#else
#define PACKED_ROUNDED_ROWS(m) (m)
/* Vectors of a panel; panels that a single row passes at once, so that sums do not wait for each other; rows that pass one panel at once. */
#define PACKED_VECTORS (PACKED_COLUMNS / VW)
#define PACKED_PANELS_AT_ONCE (VW > 4 ? 4 / PACKED_VECTORS : 1)
#define PACKED_ROWS_AT_ONCE (WORD_OPERANDS == 2 ? 8 : PACKED_PANELS_AT_ONCE)
/* Words of a panel and of a left row that one turn takes: the next word of either chain. */
#define PACKED_TURN_WORDS (2 * WORD_OPERANDS / PACKED_WORD_STEPS * PACKED_COLUMNS)

/* The next words of both chains in vector v of a panel. */
INLINE void packed_columns(const uint32_t *panel, long v, vu *even, vu *odd) {
  const vu first = vu_load(panel + v * VW);
#if defined(POL_OPERANDS_F32)
  *even = first;
  *odd = vu_load(panel + PACKED_COLUMNS + v * VW);
#elif WORD_OPERANDS == 2
  /* A chain's first operand goes to the upper half. */
  const vu second = vu_load(panel + PACKED_COLUMNS + v * VW);
  *even = (vu)_mm512_mask_blend_epi16(0xaaaaaaaau, (__m512i)second, (__m512i)(first << 16));
  *odd = (vu)_mm512_mask_blend_epi16(0xaaaaaaaau, (__m512i)(second >> 16), (__m512i)first);
#else
  *even = first << 16;
  *odd = first & 0xffff0000u;
#endif
}

/* C of some rows and one panel, or of one row and some panels. */
INLINE void packed_tile(const int rows, const int panels, const PackedJob *job, long row, long first) {
  enum { CHAINS = 2, MOST = PACKED_ROWS_AT_ONCE > PACKED_PANELS_AT_ONCE ? PACKED_ROWS_AT_ONCE : PACKED_PANELS_AT_ONCE };
  const int count = rows > panels ? rows : panels;
  const long words = packed_panel_words(job->k);
  const uint32_t *left = job->left + row * job->left_row, *panel = job->packed + first * words;
  vf sums[MOST][PACKED_VECTORS];
  UNROLL for (int i = 0; i < count; i++) {
    UNROLL for (int v = 0; v < PACKED_VECTORS; v++) sums[i][v] = (vf){0};
  }
  for (long block = 0; block < words; block += PACKED_BLOCK_WORDS) {
    vf part[CHAINS][MOST][PACKED_VECTORS];
    UNROLL for (int i = 0; i < count; i++) {
      UNROLL for (int v = 0; v < PACKED_VECTORS; v++) part[0][i][v] = part[1][i][v] = (vf){0};
    }
    for (long p = block; p < block + PACKED_BLOCK_WORDS; p += PACKED_TURN_WORDS, left += 2) {
      UNROLL for (int v = 0; v < PACKED_VECTORS; v++) {
        vu even, odd;
        UNROLL for (int i = 0; i < count; i++) {
          if (i == 0 || panels > 1) packed_columns(panel + i * words + p, v, &even, &odd);
          const uint32_t *own = left + (rows > 1 ? i * job->left_row : 0);
          part[0][i][v] = word_product_sum(vu_splat(own[0]), even, part[0][i][v]);
          part[1][i][v] = word_product_sum(vu_splat(own[1]), odd, part[1][i][v]);
        }
      }
    }
    UNROLL for (int i = 0; i < count; i++) {
      UNROLL for (int v = 0; v < PACKED_VECTORS; v++) sums[i][v] = sums[i][v] + (part[0][i][v] + part[1][i][v]);
    }
  }
  UNROLL for (int i = 0; i < count; i++) {
    const long column = (first + (panels > 1 ? i : 0)) * PACKED_COLUMNS;
    float *c = job->c + (row + (rows > 1 ? i : 0)) * job->n + column;
    UNROLL for (int v = 0; v < PACKED_VECTORS; v++) vf_store_n(c + v * VW, sums[i][v], job->n - column - v * VW);
  }
}

static void multiply_packed(const PackedJob *job, long rows, long first, long panels) {
  for (long i = 0; i < panels; i += PACKED_PANELS_AT_ONCE) {
    const long count = min_long(PACKED_PANELS_AT_ONCE, panels - i), whole = rows / PACKED_ROWS_AT_ONCE * PACKED_ROWS_AT_ONCE;
    for (long q = 0; q < count; q++) {
      for (long row = 0; row < whole; row += PACKED_ROWS_AT_ONCE) packed_tile(PACKED_ROWS_AT_ONCE, 1, job, row, first + i + q);
    }
    for (long row = whole; row < rows; row++) {
      if (count == PACKED_PANELS_AT_ONCE) packed_tile(1, PACKED_PANELS_AT_ONCE, job, row, first + i);
      else for (long q = 0; q < count; q++) packed_tile(1, 1, job, row, first + i + q);
    }
  }
}
#endif

static void matmul_packed_task(void *argument, long unit, int thread) {
  (void)thread;
  const PackedJob *job = argument;
  const long first = unit * PACKED_UNIT;
  multiply_packed(job, job->m, first, min_long(PACKED_UNIT, ceil_div(job->n, PACKED_COLUMNS) - first));
}

/* c [m, n] = a [m, k] · the packed operandᵀ */
static int matmul_packed(PackedJob *job) {
  const long rows = job->m;
  job->left_row = round_up(job->k, CHAIN_BLOCK) / WORD_OPERANDS;
  if (!pol_reserve(job->arena->pool, (size_t)(PACKED_ROWS * job->left_row) * 4)) return 0;
  job->left = pol_scratch(job->arena->pool, 0);
  for (long i = 0; i < rows; i += PACKED_ROWS, job->a += PACKED_ROWS * job->k, job->c += PACKED_ROWS * job->n) {
    job->m = min_long(PACKED_ROWS, rows - i);
    vi over = {0};
    round_rows(job, PACKED_ROUNDED_ROWS(job->m), &over);
    if (any_over(over)) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
    pol_parallel(job->arena->pool, matmul_packed_task, job, ceil_div(ceil_div(job->n, PACKED_COLUMNS), PACKED_UNIT));
  }
  return 1;
}

#endif
