/*
 * Products of packed blocks. The left operand is packed in panels of MR rows, the right one in panels of NR columns (the last as narrow
 * as whole vectors allow); each panel holds its words step by step. The register tile walks both panels once, so every element of C is
 * one ascending chain.
 */
#ifndef POL_PRODUCT_H
#define POL_PRODUCT_H

#include "bf16.h"

/* Register tile: MR rows of NV vectors. Accumulators, one row of the right panel and a broadcast fill the registers. */
#if defined(__AVX512F__)
#define MR 6
#define NV 4
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

/* Steps packed at a time when chains are contiguous in memory: keeps the lines written to in the first cache. */
#define PACK_STEPS 32

INLINE long words_of(long k) { return ceil_div(k, WORD_OPERANDS); }
INLINE long panel_words(long width, long k) { return width * words_of(k); }
INLINE long left_words(long rows, long k) { return panel_words(round_up(rows, MR), k); }
INLINE long right_words(long columns, long k) { return panel_words(round_up(columns, VW), k); }

/* Panels of one side: `width` chains each; the last is as wide when `full`, else its chains rounded up to a vector. */
INLINE long panel_width(long width, int full, long chains) { return full ? width : min_long(width, round_up(chains, VW)); }

/* Packs where neighbouring chains are neighbours in memory: several panels at a time, to round whole vectors. */
INLINE void pack_across(uint32_t *panels, const long width, const int full, const float *source, long step_stride, long chains, long k,
                        vi *over) {
  enum { CHUNK = 96 };
  const long together = full ? CHUNK / width * width : width;
  const long kw = words_of(k);
  uint32_t words[CHUNK + VW] __attribute__((aligned(64)));
  for (long first = 0; first < chains; first += together) {
    const long count = min_long(together, chains - first);
    const long packed = full ? round_up(count, width) : round_up(count, VW);
    const long group = panel_width(width, full, count);
    for (long p = 0; p < kw; p++) {
      const float *row = source + first + p * WORD_OPERANDS * step_stride;
      const float *next = p * WORD_OPERANDS + 1 < k ? row + step_stride : NULL;
      words_across(words, row, next, count, over);
      for (long i = count; i < packed; i++) words[i] = 0;
      if (full) {
        for (long i = 0; i < packed; i += width) memcpy(panels + (first + i) * kw + p * width, words + i, (size_t)width * 4);
      } else {
        memcpy(panels + first * kw + p * group, words, (size_t)group * 4);
      }
    }
  }
}

/* Packs where each chain is contiguous in memory. */
INLINE void pack_along(uint32_t *panels, const long width, const int full, const float *source, long chain_stride, long chains, long k,
                       vi *over) {
  const long kw = words_of(k);
  uint32_t words[PACK_STEPS + VW] __attribute__((aligned(64)));
  for (long first = 0; first < chains; first += width) {
    const long count = min_long(width, chains - first);
    const long group = panel_width(width, full, count);
    uint32_t *panel = panels + first * kw;
    for (long p0 = 0; p0 < kw; p0 += PACK_STEPS) {
      const long steps = min_long(PACK_STEPS, kw - p0);
      const long from = p0 * WORD_OPERANDS;
      uint32_t *out = panel + p0 * group;
      for (long i = 0; i < count; i++) {
        words_along(words, source + (first + i) * chain_stride + from, min_long(steps * WORD_OPERANDS, k - from), over);
        for (long p = 0; p < steps; p++) out[p * group + i] = words[p];
      }
      for (long i = count; i < group; i++) {
        for (long p = 0; p < steps; p++) out[p * group + i] = 0;
      }
    }
  }
}

/* Element (row, step) is source[row·row_stride + step·step_stride]; one of the strides is 1. */
static void pack_left(uint32_t *panels, const float *source, long row_stride, long step_stride, long rows, long k, vi *over) {
  if (row_stride == 1) pack_across(panels, MR, 1, source, step_stride, rows, k, over);
  else pack_along(panels, MR, 1, source, row_stride, rows, k, over);
}

/* Element (column, step) is source[column·column_stride + step·step_stride]; one of the strides is 1. */
static void pack_right(uint32_t *panels, const float *source, long column_stride, long step_stride, long columns, long k, vi *over) {
  if (column_stride == 1) pack_across(panels, NR, 0, source, step_stride, columns, k, over);
  else pack_along(panels, NR, 0, source, column_stride, columns, k, over);
}

INLINE void tile(const int nv, long kw, const uint32_t *left, const uint32_t *right, float *c, long ldc, int accumulate) {
  vf sums[MR][NV];
  UNROLL for (int i = 0; i < MR; i++) {
    UNROLL for (int j = 0; j < nv; j++) sums[i][j] = accumulate ? chain_start(vf_load(c + i * ldc + j * VW)) : (vf){0};
  }
  for (long p = 0; p < kw; p++) {
    vu columns[NV];
    UNROLL for (int j = 0; j < nv; j++) columns[j] = vu_load(right + j * VW);
    UNROLL for (int i = 0; i < MR; i++) {
      vu row = vu_splat(left[i]);
      UNROLL for (int j = 0; j < nv; j++) sums[i][j] = word_product_sum(row, columns[j], sums[i][j]);
    }
    left += MR;
    right += nv * VW;
  }
  UNROLL for (int i = 0; i < MR; i++) {
    UNROLL for (int j = 0; j < nv; j++) vf_store(c + i * ldc + j * VW, sums[i][j]);
  }
}

static __attribute__((noinline)) void tile_of(int nv, long kw, const uint32_t *left, const uint32_t *right, float *c, long ldc,
                                              int accumulate) {
  switch (nv) {
    case 1: tile(1, kw, left, right, c, ldc, accumulate); return;
    case 2: tile(2, kw, left, right, c, ldc, accumulate); return;
#if NV == 4
    case 3: tile(3, kw, left, right, c, ldc, accumulate); return;
    case 4: tile(4, kw, left, right, c, ldc, accumulate); return;
#endif
  }
}

/* One tile of which only rows × columns lie in C: the rest goes through a buffer. */
static void edge_tile(int nv, long kw, const uint32_t *left, const uint32_t *right, float *c, long ldc, long rows, long columns,
                      int accumulate) {
  float buffer[MR * NR] __attribute__((aligned(64)));
  if (accumulate) {
    memset(buffer, 0, sizeof buffer);
    for (long i = 0; i < rows; i++) memcpy(buffer + i * NR, c + i * ldc, (size_t)columns * 4);
  }
  tile_of(nv, kw, left, right, buffer, NR, accumulate);
  for (long i = 0; i < rows; i++) memcpy(c + i * ldc, buffer + i * NR, (size_t)columns * 4);
}

/* A right operand packed as [columns, kw words]; a product may use fewer of either. */
typedef struct {
  const uint32_t *panels;
  long columns;
  long kw;
} Right;

/* C[rows, columns] (+)= left · right over kw words of each chain. */
static void product(const uint32_t *left, Right right, float *c, long ldc, long rows, long columns, long kw, int accumulate) {
  for (long j = 0; j < columns; j += NR) {
    const long packed = min_long(NR, round_up(right.columns - j, VW));
    const long wanted = min_long(NR, columns - j);
    const int nv = (int)(packed / VW);
    const uint32_t *panel = right.panels + j * right.kw;
    for (long i = 0; i < rows; i += MR) {
      const uint32_t *rows_panel = left + i * kw;
      float *target = c + i * ldc + j;
      const long present = min_long(MR, rows - i);
      if (present == MR && wanted == packed) tile_of(nv, kw, rows_panel, panel, target, ldc, accumulate);
      else edge_tile(nv, kw, rows_panel, panel, target, ldc, present, wanted, accumulate);
    }
  }
}

#endif
