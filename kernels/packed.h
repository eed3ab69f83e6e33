/*
 * Products with a right operand that was rounded and packed before: few rows against many weights, bound by reading them. The packed form is
 * part of the contract (src/numerics/backend.ts, packOperand): panels of 16 columns, zeros beyond the last; in a panel a word for each pair of
 * steps and column, the even step in its lower half; steps up to whole blocks. It is also the form in which AMX loads its tiles.
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
#define PACKED_BLOCK_WORDS (CHAIN_BLOCK / 2 * PACKED_COLUMNS)

typedef struct {
  PolArena *arena;
  const float *a, *b;
  float *c;
  uint32_t *packed;
  long m, n, k;
  /* The rounded rows: as f32, or as pairs for AMX; words of one. */
  uint32_t *left;
  long left_row;
} PackedJob;

INLINE long packed_panel_words(long k) { return round_up(k, CHAIN_BLOCK) / 2 * PACKED_COLUMNS; }

/* bf16 of one operand, as bf16_round. */
INLINE uint32_t bf16_half(float x, uint32_t *over) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > OPERAND_MAX_BITS) *over = 1;
  if (magnitude < OPERAND_MIN_BITS || magnitude > OPERAND_MAX_BITS) return 0;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

static void pack_operand_task(void *argument, long unit, int thread) {
  (void)thread;
  const PackedJob *job = argument;
  const long words = packed_panel_words(job->k);
  uint32_t *panel = job->packed + unit * words, over = 0;
  memset(panel, 0, (size_t)words * 4);
  for (long i = 0; i < min_long(PACKED_COLUMNS, job->n - unit * PACKED_COLUMNS); i++) {
    const float *row = job->b + (unit * PACKED_COLUMNS + i) * job->k;
    for (long p = 0; p < job->k; p++) panel[p / 2 * PACKED_COLUMNS + i] |= bf16_half(row[p], &over) << (p % 2 * 16);
  }
  if (over) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
}

/* packed = b [n, k], rounded. */
static void pack_operand(PackedJob *job) {
  pol_parallel(job->arena->pool, pack_operand_task, job, ceil_div(job->n, PACKED_COLUMNS));
}

#if defined(__AMX_BF16__)
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

/* Rows of pairs of steps, whole blocks of them. */
static void round_rows(const PackedJob *job, long rows, vi *over) {
  for (long i = 0; i < PACKED_ROWS; i++) {
    for (long p = 0; p < job->left_row; p += VW) {
      vu_store(job->left + i * job->left_row + p, i < rows ? words_along(job->a + i * job->k + 2 * p, job->k - 2 * p, over) : (vu){0});
    }
  }
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
/* Vectors of a panel; rows, or panels of a single row, that the registers hold at once. */
#define PACKED_VECTORS (PACKED_COLUMNS / VW)
#define PACKED_AT_ONCE (VW > 4 ? 16 / PACKED_VECTORS / 4 : 1)

/* sums = rows × panels, whose operands are both at once in words: `words` apart. */
INLINE void packed_tile(const int rows, const int panels, const PackedJob *job, const uint32_t *left, const uint32_t *panel,
                        vf sums[PACKED_AT_ONCE][PACKED_VECTORS]) {
  enum { CHAINS = 2 };
  const int count = rows > panels ? rows : panels;
  const long words = packed_panel_words(job->k);
  UNROLL for (int i = 0; i < count; i++) {
    UNROLL for (int v = 0; v < PACKED_VECTORS; v++) sums[i][v] = (vf){0};
  }
  for (long block = 0; block < words; block += PACKED_BLOCK_WORDS) {
    vf part[CHAINS][PACKED_AT_ONCE][PACKED_VECTORS];
    UNROLL for (int i = 0; i < count; i++) {
      UNROLL for (int v = 0; v < PACKED_VECTORS; v++) part[0][i][v] = part[1][i][v] = (vf){0};
    }
    for (long p = block; p < block + PACKED_BLOCK_WORDS; p += PACKED_COLUMNS) {
      const float *steps = (const float *)left + p / PACKED_COLUMNS * 2;
      UNROLL for (int i = 0; i < count; i++) {
        const uint32_t *columns = panel + (panels > 1 ? i * words : 0) + p;
        const float *own = steps + (rows > 1 ? i * job->left_row : 0);
        UNROLL for (int v = 0; v < PACKED_VECTORS; v++) {
          const vu pair = vu_load(columns + v * VW);
          part[0][i][v] = vf_exact_product_sum(vf_splat(own[0]), (vf)(pair << 16), part[0][i][v]);
          part[1][i][v] = vf_exact_product_sum(vf_splat(own[1]), (vf)(pair & 0xffff0000u), part[1][i][v]);
        }
      }
    }
    UNROLL for (int i = 0; i < count; i++) {
      UNROLL for (int v = 0; v < PACKED_VECTORS; v++) sums[i][v] = sums[i][v] + (part[0][i][v] + part[1][i][v]);
    }
  }
}

INLINE void packed_store(const PackedJob *job, long row, long panel, const vf sums[PACKED_VECTORS]) {
  const long column = panel * PACKED_COLUMNS;
  for (long v = 0; v < PACKED_VECTORS; v++) vf_store_n(job->c + row * job->n + column + v * VW, sums[v], job->n - column - v * VW);
}

static void round_rows(const PackedJob *job, long rows, vi *over) {
  for (long i = 0; i < rows; i++) {
    for (long p = 0; p < job->left_row; p += VW) {
      vu_store(job->left + i * job->left_row + p, bf16_round(vf_load_n(job->a + i * job->k + p, job->k - p), over));
    }
  }
}

static void multiply_packed(const PackedJob *job, long rows, long first, long panels) {
  const long words = packed_panel_words(job->k);
  vf sums[PACKED_AT_ONCE][PACKED_VECTORS];
  for (long i = 0; i < panels; i++) {
    long row = 0;
    if (rows < PACKED_AT_ONCE && i + PACKED_AT_ONCE <= panels) {
      for (; row < rows; row++) {
        packed_tile(1, PACKED_AT_ONCE, job, job->left + row * job->left_row, job->packed + (first + i) * words, sums);
        for (int q = 0; q < PACKED_AT_ONCE; q++) packed_store(job, row, first + i + q, sums[q]);
      }
      i += PACKED_AT_ONCE - 1;
      continue;
    }
    const uint32_t *panel = job->packed + (first + i) * words;
    for (; row + PACKED_AT_ONCE <= rows; row += PACKED_AT_ONCE) {
      packed_tile(PACKED_AT_ONCE, 1, job, job->left + row * job->left_row, panel, sums);
      for (int q = 0; q < PACKED_AT_ONCE; q++) packed_store(job, row + q, first + i, sums[q]);
    }
    for (; row < rows; row++) {
      packed_tile(1, 1, job, job->left + row * job->left_row, panel, sums);
      packed_store(job, row, first + i, sums[0]);
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
  job->left_row = round_up(job->k, CHAIN_BLOCK);
#if defined(__AMX_BF16__)
  job->left_row /= 2;
#endif
  if (!pol_reserve(job->arena->pool, (size_t)(PACKED_ROWS * job->left_row) * 4)) return 0;
  job->left = pol_scratch(job->arena->pool, 0);
  for (long i = 0; i < rows; i += PACKED_ROWS, job->a += PACKED_ROWS * job->k, job->c += PACKED_ROWS * job->n) {
    job->m = min_long(PACKED_ROWS, rows - i);
    vi over = {0};
    round_rows(job, job->m, &over);
    if (any_over(over)) pol_diverged(job->arena, POL_DIVERGED_OPERAND);
    pol_parallel(job->arena->pool, matmul_packed_task, job, ceil_div(ceil_div(job->n, PACKED_COLUMNS), PACKED_UNIT));
  }
  return 1;
}

#endif
