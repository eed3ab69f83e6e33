/*
 * Products of packed operands. The right one is packed in panels of NR columns (the last as narrow as whole vectors allow), each word by
 * word; the left one as `Left` says. The register tile walks MR rows and one panel once, block of steps by block of steps.
 */
#ifndef POL_PRODUCT_H
#define POL_PRODUCT_H

#include "bf16.h"
#include "transpose.h"

/* Register tile: MR rows of NV vectors. Accumulators, one row of the right panel and a broadcast fill the registers. */
#if defined(__AMX_BF16__)
#define MR 32
#define NV 2
#elif defined(__AVX512F__)
#define MR 4
#define NV 2
#elif defined(__AVX2__)
#define MR 6
#define NV 2
#elif defined(__aarch64__)
#define MR 6
#define NV 4
#else
#define MR 4
#define NV 2
#endif
#define NR (NV * VW)

INLINE long right_words(long columns, long k) { return round_up(columns, VW) * words_of(k); }

/*
 * Packs chains that are neighbours in memory into panels of `width`. `padded` chains are written, a multiple of VW; those from `chains` on
 * are zeros. Several vectors of a row at a time, so that its cache lines are read once.
 */
INLINE void pack_across(uint32_t *panels, const long width, long padded, const float *source, long step_stride, long chains, long k,
                        vi *over) {
  const long kw = words_of(k);
  vi flags = *over; /* in a register: stores of words might else alias it */
#if VW == 4
  for (long first = 0; first < padded; first += VW) {
    const long panel = first / width * width, stride = min_long(width, padded - panel);
    uint32_t *out = panels + panel * kw + (first - panel);
    const float *row = source + first;
    if (chains - first >= VW) {
      for (long p = 0; p < kw; p++, out += stride, row += step_stride) vu_store(out, bf16_round(vf_load(row), &flags));
    } else {
      for (long p = 0; p < kw; p++, out += stride, row += step_stride) vu_store(out, bf16_round(vf_load_n(row, chains - first), &flags));
    }
  }
#else
  enum { TOGETHER = 4, AHEAD = 8 };
  for (long first = 0; first < padded; first += TOGETHER * VW) {
    const long vectors = min_long(TOGETHER, (padded - first) / VW);
    uint32_t *out[TOGETHER];
    long stride[TOGETHER];
    for (long v = 0; v < vectors; v++) {
      const long column = first + v * VW, panel = column / width * width;
      stride[v] = min_long(width, padded - panel);
      out[v] = panels + panel * kw + (column - panel);
    }
    for (long p = 0; p < kw; p++) {
      const long step = word_step(p);
      const float *row = step < k ? source + first + step * step_stride : NULL;
      const float *next = WORD_OPERANDS == 2 && step + SECOND_STEP < k ? row + SECOND_STEP * step_stride : NULL;
#if VW >= 8
      /* Rows are short here and far apart: the processor's own prefetching does not see them come. */
      UNROLL for (int r = 0; r < WORD_OPERANDS; r++) {
        const float *ahead = source + first + (step + AHEAD * WORD_OPERANDS + r * SECOND_STEP) * step_stride;
        for (long v = 0; v < vectors; v += LANES / VW) __builtin_prefetch(ahead + v * VW);
      }
#endif
      for (long v = 0; v < vectors; v++) {
        const float *first_row = row == NULL ? NULL : row + v * VW, *second_row = next == NULL ? NULL : next + v * VW;
        vu_store(out[v] + p * stride[v], words_across(first_row, second_row, chains - first - v * VW, &flags));
      }
    }
  }
#endif
  *over = flags;
}

/* The same where each chain is contiguous in memory: squares of VW chains and VW words are transposed. */
INLINE void pack_along(uint32_t *panels, const long width, const float *source, long chain_stride, long chains, long k, vi *over) {
  const long kw = words_of(k), padded = round_up(chains, VW);
  vi flags = *over;
  for (long first = 0; first < padded; first += VW) {
    const long panel = first / width * width;
    const long stride = min_long(width, padded - panel);
    uint32_t *out = panels + panel * kw + (first - panel);
    for (long p = 0; p < kw; p += VW) {
      const long from = p * WORD_OPERANDS;
      vu square[VW];
      UNROLL for (int i = 0; i < VW; i++) {
        square[i] = first + i < chains ? words_along(source + (first + i) * chain_stride + from, k - from, &flags) : (vu){0};
      }
      transpose(square);
      const long steps = min_long(VW, kw - p);
      UNROLL for (int i = 0; i < VW; i++) {
        if (i < steps) vu_store(out + (p + i) * stride, square[i]);
      }
    }
  }
  *over = flags;
}

/* Element (column, step) is source[column·column_stride + step·step_stride]; one of the strides is 1. */
static void pack_right(uint32_t *panels, const float *source, long column_stride, long step_stride, long columns, long k, vi *over) {
  if (column_stride == 1) pack_across(panels, NR, round_up(columns, VW), source, step_stride, columns, k, over);
  else pack_along(panels, NR, source, column_stride, columns, k, over);
}

/*
 * A packed left operand: word p of row i is words[i / MR · panel + i % MR · row + p · step]. A tile broadcasts its words one by one, so
 * any order serves, and the cheapest to pack is taken: the source's own. But where loading and broadcasting are two instructions, or an
 * address that is no constant is one more (4-wide without by-element multiplication), panels hold each word VW times, ready to be used.
 */
typedef struct {
  uint32_t *words;
  long panel, row, step;
} Left;

#if MR == VW
#define BROADCAST 1
#else
#define BROADCAST 0
#endif
/* Tiles take rows only as they are written in C: contiguous. */
#if defined(__AMX_BF16__)
#define ROWS_ONLY 1
#else
#define ROWS_ONLY 0
#endif

/* Rows in steps of one cache line more: they would else share sets of the first cache. */
INLINE long left_row_words(long k) { return round_up(words_of(k), LANES) + LANES; }
INLINE long left_padded(long rows) { return round_up(round_up(rows, MR), VW); }
INLINE long left_words(long rows, long k) {
  if (BROADCAST) return left_padded(rows) * VW * words_of(k);
  return max_long(round_up(rows, MR) * left_row_words(k), left_padded(rows) * words_of(k));
}

/* How pack_left places an operand whose rows are neighbours in memory (`across`), or contiguous. */
INLINE Left left_of(uint32_t *words, int across, long rows, long k) {
  if (BROADCAST) return (Left){words, MR * VW * words_of(k), VW, MR * VW};
  if (across && !ROWS_ONLY) return (Left){words, MR, 1, left_padded(rows)};
  return (Left){words, MR * left_row_words(k), left_row_words(k), 1};
}

#if BROADCAST
/* Words of VW rows at one step. */
INLINE void broadcast_store(uint32_t *out, vu words) {
  vu_store(out, SHUFFLE(words, words, 0, 0, 0, 0));
  vu_store(out + VW, SHUFFLE(words, words, 1, 1, 1, 1));
  vu_store(out + 2 * VW, SHUFFLE(words, words, 2, 2, 2, 2));
  vu_store(out + 3 * VW, SHUFFLE(words, words, 3, 3, 3, 3));
}

INLINE void pack_left_panel(uint32_t *panel, const float *source, long row_stride, long step_stride, long rows, long k, vi *over) {
  vi flags = *over;
  if (row_stride == 1) {
    for (long p = 0; p < k; p++) broadcast_store(panel + p * MR * VW, words_across(source + p * step_stride, NULL, rows, &flags));
  } else {
    for (long p = 0; p < k; p += VW) {
      vu square[VW];
      UNROLL for (int i = 0; i < VW; i++) square[i] = i < rows ? words_along(source + i * row_stride + p, k - p, &flags) : (vu){0};
      transpose(square);
      for (long i = 0; i < min_long(VW, k - p); i++) broadcast_store(panel + (p + i) * MR * VW, square[i]);
    }
  }
  *over = flags;
}
#endif

#if ROWS_ONLY
/* Rows of words from rows that are neighbours in memory: squares of VW rows and VW words are transposed. */
static void pack_left_rows(uint32_t *words, long row_words, const float *source, long step_stride, long rows, long k, vi *over) {
  vi flags = *over;
  for (long i = 0; i < round_up(rows, MR); i += VW) {
    for (long p = 0; p < words_of(k); p += VW) {
      vu square[VW];
      UNROLL for (int w = 0; w < VW; w++) {
        const long step = word_step(p + w);
        const float *first = source + i + step * step_stride, *second = first + SECOND_STEP * step_stride;
        square[w] = words_across(step < k ? first : NULL, step + SECOND_STEP < k ? second : NULL, rows - i, &flags);
      }
      transpose(square);
      UNROLL for (int r = 0; r < VW; r++) vu_store(words + (i + r) * row_words + p, square[r]);
    }
  }
  *over = flags;
}
#endif

/* Element (row, step) is source[row·row_stride + step·step_stride]; one of the strides is 1. */
static Left pack_left(uint32_t *words, const float *source, long row_stride, long step_stride, long rows, long k, vi *over) {
  const int across = row_stride == 1;
  const Left left = left_of(words, across, rows, k);
#if BROADCAST
  for (long i = 0; i < rows; i += MR) {
    pack_left_panel(words + i / MR * left.panel, source + i * row_stride, row_stride, step_stride, rows - i, k, over);
  }
#else
#if ROWS_ONLY
  if (across) {
    pack_left_rows(words, left.row, source, step_stride, rows, k, over);
    return left;
  }
#endif
  if (across) {
    pack_across(words, left.step, left.step, source, step_stride, rows, k, over);
    return left;
  }
  vi flags = *over;
  for (long i = 0; i < round_up(rows, MR); i++) {
    for (long p = 0; p < words_of(k); p += VW) {
      const long from = p * WORD_OPERANDS;
      vu_store(words + i * left.row + p, i < rows ? words_along(source + i * row_stride + from, k - from, &flags) : (vu){0});
    }
  }
  *over = flags;
#endif
  return left;
}

/* Lets LLVM fold constant offsets into WebAssembly's loads: it would compute each address from a common counter. */
#if defined(__wasm__)
#define OPAQUE_POINTER(p) __asm__("" : "+r"(p))
#else
#define OPAQUE_POINTER(p) ((void)0)
#endif

/* How the chains of C start: from +0; from what is there, rounded to the grid of products; from what is there, known to be on it. */
typedef enum { START_ZERO, START_GIVEN, START_CONTINUED } Start;

#if !defined(__AMX_BF16__)
#define MATRIX_UNIT_BEGIN() ((void)0)
#define MATRIX_UNIT_END() ((void)0)

/* Asks for the tile of C below this one: its lines arrive while this one is computed. */
INLINE void prefetch_next(const int nv, const float *c, long ldc) {
#if VW >= 8
  UNROLL for (int i = 0; i < MR; i++) {
    UNROLL for (int j = 0; j < nv * VW; j += LANES) __builtin_prefetch(c + (MR + i) * ldc + j, 1);
  }
#else
  (void)nv, (void)c, (void)ldc;
#endif
}

/* sums += the words first, first + 2, … below `words` of the packed rows and columns. */
INLINE void tile_chain(const int nv, long first, long words, Left left, const uint32_t *right, long right_step, vf sums[MR][NV]) {
  const uint32_t *low = left.words + first * left.step;
  right += first * right_step;
#if !BROADCAST
  const long row = left.row;
  const uint32_t *high = low + MR / 2 * row;
#endif
  UNROLL for (int i = 0; i < MR; i++) {
    UNROLL for (int j = 0; j < nv; j++) sums[i][j] = (vf){0};
  }
  for (long p = first; p < words; p += 2) {
    OPAQUE_POINTER(low);
    OPAQUE_POINTER(right);
    vu columns[NV];
    UNROLL for (int j = 0; j < nv; j++) columns[j] = vu_load(right + j * VW);
    UNROLL for (int i = 0; i < MR; i++) {
#if BROADCAST
      const vu word = vu_load(low + i * VW);
#else
      const vu word = vu_splat(i < MR / 2 ? low[i * row] : high[(i - MR / 2) * row]);
#endif
      UNROLL for (int j = 0; j < nv; j++) sums[i][j] = word_product_sum(word, columns[j], sums[i][j]);
    }
    low += 2 * left.step;
#if !BROADCAST
    high += 2 * left.step;
#endif
    right += 2 * right_step;
  }
}

/* c = c + (even + odd) over one block of steps, or even + odd where the sum starts. */
INLINE void tile_block(const int nv, long words, Left left, const uint32_t *right, long right_step, float *c, long ldc, Start start) {
  vf even[MR][NV], odd[MR][NV];
  tile_chain(nv, 0, words, left, right, right_step, even);
  tile_chain(nv, 1, words, left, right, right_step, odd);
  UNROLL for (int i = 0; i < MR; i++) {
    UNROLL for (int j = 0; j < nv; j++) {
      float *target = c + i * ldc + j * VW;
      vf sum = even[i][j] + odd[i][j];
      if (start == START_CONTINUED) sum = vf_load(target) + sum;
      else if (start == START_GIVEN) sum = chain_start(vf_load(target)) + sum;
      vf_store(target, sum);
    }
  }
}

#if VW == 16
/* Both chains of a block and the sums themselves fit the registers: C is read once and written once. */
INLINE void tile(const int nv, long kw, Left left, const uint32_t *right, long right_step, float *c, long ldc, Start start) {
  prefetch_next(nv, c, ldc);
  const uint32_t *words = left.words;
  const long row = left.row, step = left.step;
  vf sums[MR][NV];
  UNROLL for (int i = 0; i < MR; i++) {
    UNROLL for (int j = 0; j < nv; j++) {
      const float *from = c + i * ldc + j * VW;
      sums[i][j] = start == START_ZERO ? (vf){0} : start == START_GIVEN ? chain_start(vf_load(from)) : vf_load(from);
    }
  }
  for (long p = 0; p < kw; p += BLOCK_WORDS) {
    vf even[MR][NV], odd[MR][NV];
    UNROLL for (int i = 0; i < MR; i++) {
      UNROLL for (int j = 0; j < nv; j++) even[i][j] = odd[i][j] = (vf){0};
    }
    const long end = min_long(BLOCK_WORDS, kw - p);
    for (long q = 0; q < end; q += 2) {
      vu columns[NV];
      UNROLL for (int j = 0; j < nv; j++) columns[j] = vu_load(right + j * VW);
      UNROLL for (int i = 0; i < MR; i++) {
        const vu word = vu_splat(words[i * row]);
        UNROLL for (int j = 0; j < nv; j++) even[i][j] = word_product_sum(word, columns[j], even[i][j]);
      }
      if (WORD_OPERANDS == 2 || q + 1 < end) {
        UNROLL for (int j = 0; j < nv; j++) columns[j] = vu_load(right + right_step + j * VW);
        UNROLL for (int i = 0; i < MR; i++) {
          const vu word = vu_splat(words[i * row + step]);
          UNROLL for (int j = 0; j < nv; j++) odd[i][j] = word_product_sum(word, columns[j], odd[i][j]);
        }
      }
      words += 2 * step;
      right += 2 * right_step;
    }
    UNROLL for (int i = 0; i < MR; i++) {
      UNROLL for (int j = 0; j < nv; j++) sums[i][j] += even[i][j] + odd[i][j];
    }
  }
  UNROLL for (int i = 0; i < MR; i++) {
    UNROLL for (int j = 0; j < nv; j++) vf_store(c + i * ldc + j * VW, sums[i][j]);
  }
}
#else
INLINE void tile(const int nv, long kw, Left left, const uint32_t *right, long right_step, float *c, long ldc, Start start) {
  prefetch_next(nv, c, ldc);
  for (long p = 0; p < kw; p += BLOCK_WORDS) {
    if (kw - p >= BLOCK_WORDS) tile_block(nv, BLOCK_WORDS, left, right, right_step, c, ldc, start);
    else tile_block(nv, kw - p, left, right, right_step, c, ldc, start);
    left.words += BLOCK_WORDS * left.step;
    right += BLOCK_WORDS * right_step;
    start = START_CONTINUED;
  }
}

#endif

#if defined(__wasm__)
/* Full tiles in assembly (scripts/wasm-tile.mjs): c += `blocks` whole blocks; rows of c are `stride` bytes apart, `spare` has room for a tile. */
void pol_tile(long blocks, const uint32_t *left, const uint32_t *right, float *c, long stride, float *spare);

static void tile_2(long kw, Left left, const uint32_t *right, float *c, long ldc, Start start) {
  float spare[MR * NR] __attribute__((aligned(16)));
  const long blocks = kw / BLOCK_WORDS, whole = blocks * BLOCK_WORDS;
  if (blocks > 0) {
    if (start != START_CONTINUED) {
      UNROLL for (int i = 0; i < MR; i++) {
        UNROLL for (int j = 0; j < NV; j++) {
          float *target = c + i * ldc + j * VW;
          vf_store(target, start == START_ZERO ? (vf){0} : chain_start(vf_load(target)));
        }
      }
    }
    pol_tile(blocks, left.words, right, c, ldc * 4, spare);
    start = START_CONTINUED;
  }
  left.words += whole * left.step;
  if (whole < kw) tile_block(NV, kw - whole, left, right + whole * NR, NR, c, ldc, start);
}
#endif

static __attribute__((noinline)) void tile_of(int nv, long kw, Left left, const uint32_t *right, long right_step, float *c, long ldc,
                                              Start start, long rows) {
  (void)rows; /* all are computed */
  switch (nv) {
    case 1: tile(1, kw, left, right, right_step, c, ldc, start); return;
#if defined(__wasm__)
    case 2: tile_2(kw, left, right, c, ldc, start); return;
#else
    case 2: tile(2, kw, left, right, right_step, c, ldc, start); return;
#endif
#if NV == 4
    case 3: tile(3, kw, left, right, right_step, c, ldc, start); return;
    case 4: tile(4, kw, left, right, right_step, c, ldc, start); return;
#endif
  }
}
#else
#include "amx.h"
#endif

/* One tile of which only rows × columns lie in C: the rest goes through a buffer. */
static void edge_tile(int nv, long kw, Left left, const uint32_t *right, long right_step, float *c, long ldc, long rows, long columns,
                      Start start) {
  float buffer[MR * NR] __attribute__((aligned(64)));
  if (start != START_ZERO) {
    memset(buffer, 0, sizeof buffer);
    for (long i = 0; i < rows; i++) memcpy(buffer + i * NR, c + i * ldc, (size_t)columns * 4);
  }
  tile_of(nv, kw, left, right, right_step, buffer, NR, start, rows);
  for (long i = 0; i < rows; i++) memcpy(c + i * ldc, buffer + i * NR, (size_t)columns * 4);
}

/* A right operand packed as [columns, kw words]; a product may use fewer of either. */
typedef struct {
  const uint32_t *panels;
  long columns;
  long kw;
} Right;

/* The tile of C at row i, column j; `left` starts at row i. */
INLINE void product_tile(Left left, Right right, float *c, long ldc, long rows, long columns, long kw, Start start, long i, long j) {
  const long packed = min_long(NR, round_up(right.columns - j, VW));
  const long wanted = min_long(NR, columns - j), present = min_long(MR, rows - i);
  const int nv = (int)ceil_div(wanted, VW);
  const uint32_t *panel = right.panels + j * right.kw;
  float *target = c + i * ldc + j;
  if (present == MR && wanted == nv * VW) tile_of(nv, kw, left, panel, packed, target, ldc, start, MR);
  else edge_tile(nv, kw, left, panel, packed, target, ldc, present, wanted, start);
}

/* C[rows, columns] (+)= left · right over kw words of each chain. What is larger when packed stays in the first cache while the other passes. */
static void product(Left left, Right right, float *c, long ldc, long rows, long columns, long kw, Start start) {
#if defined(__wasm__)
  for (long i = 0; i < rows; i += MR) {
    const long whole = rows - i >= MR ? columns / NR * NR : 0;
    const uint32_t *panel = right.panels;
    for (long j = 0; j < columns; j += NR) {
      if (j < whole) tile_2(kw, left, panel, c + i * ldc + j, ldc, start);
      else product_tile(left, right, c, ldc, rows, columns, kw, start, i, j);
      panel += NR * right.kw;
    }
    left.words += left.panel;
  }
#else
  for (long j = 0; j < columns; j += NR) {
    Left rest = left;
    for (long i = 0; i < rows; i += MR) {
      product_tile(rest, right, c, ldc, rows, columns, kw, start, i, j);
      rest.words += left.panel;
    }
  }
#endif
}

#endif
