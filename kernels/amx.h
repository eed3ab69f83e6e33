/*
 * Register tiles on Intel AMX: 32 × 32 of C as 2 × 2 tiles. TDPBF16PS sums the even and the odd steps of a tile of 32 in two chains and adds
 * both to C: the canonical order itself (Intel SDM 2, TDPBF16PS; equality measured, docs/decisions.md).
 */
#ifndef POL_AMX_H
#define POL_AMX_H

#define TILE_ROWS 16
#define TILE_ROW_BYTES 64
#define TILES 8

/* The layout that LDTILECFG reads. */
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} TileConfiguration;

/* Every job's part that multiplies begins and ends so: what tiles hold would else be saved at each switch of threads. */
INLINE void matrix_unit_begin(void) {
  TileConfiguration configuration __attribute__((aligned(64))) = {.palette = 1};
  UNROLL for (int t = 0; t < TILES; t++) configuration.row_bytes[t] = TILE_ROW_BYTES, configuration.rows[t] = TILE_ROWS;
  __asm__ volatile("" : : "r"(&configuration) : "memory");
  _tile_loadconfig(&configuration);
}
#define MATRIX_UNIT_BEGIN() matrix_unit_begin()
#define MATRIX_UNIT_END() _tile_release()

/* Tiles 0 … 3 hold C, row by row; 4 and 5 its rows, 6 and 7 its columns. Rows below `rows` and columns right of nv vectors are not touched. */
static __attribute__((noinline)) void tile_of(int nv, long kw, Left left, const uint32_t *right, long right_step, float *c, long ldc,
                                              Start start, long rows) {
  const int lower = rows > TILE_ROWS, wide = nv == 2;
  float *c1 = c + TILE_ROWS * ldc;
  const size_t c_stride = (size_t)ldc * 4, left_stride = (size_t)left.row * 4, right_stride = (size_t)right_step * 4;
  if (start == START_GIVEN) {
    for (long i = 0; i < (lower ? MR : TILE_ROWS); i++) {
      for (int j = 0; j < nv; j++) vf_store(c + i * ldc + j * VW, chain_start(vf_load(c + i * ldc + j * VW)));
    }
  }
  /* Compilers are not told that the tile instructions read memory. */
  __asm__ volatile("" : : : "memory");
  if (start == START_ZERO) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_loadd(0, c, c_stride);
    if (wide) _tile_loadd(1, c + VW, c_stride);
    if (lower) _tile_loadd(2, c1, c_stride);
    if (lower && wide) _tile_loadd(3, c1 + VW, c_stride);
  }
  const uint32_t *low = left.words, *high = low + TILE_ROWS * left.row;
  if (lower && wide) {
    for (long p = 0; p < kw; p += BLOCK_WORDS) {
      _tile_loadd(6, right + p * right_step, right_stride);
      _tile_loadd(4, low + p, left_stride);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, right + p * right_step + VW, right_stride);
      _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(5, high + p, left_stride);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  } else {
    for (long p = 0; p < kw; p += BLOCK_WORDS) {
      _tile_loadd(6, right + p * right_step, right_stride);
      _tile_loadd(4, low + p, left_stride);
      _tile_dpbf16ps(0, 4, 6);
      if (wide) {
        _tile_loadd(7, right + p * right_step + VW, right_stride);
        _tile_dpbf16ps(1, 4, 7);
      }
      if (lower) {
        _tile_loadd(5, high + p, left_stride);
        _tile_dpbf16ps(2, 5, 6);
      }
    }
  }
  _tile_stored(0, c, c_stride);
  if (wide) _tile_stored(1, c + VW, c_stride);
  if (lower) _tile_stored(2, c1, c_stride);
  if (lower && wide) _tile_stored(3, c1 + VW, c_stride);
}

#endif
