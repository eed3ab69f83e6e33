/* Transposition of a square of 32-bit words in registers, VW rows of VW: pairs of rows trade blocks of 1, 2, 4, … words. */
#ifndef POL_TRANSPOSE_H
#define POL_TRANSPOSE_H

#include "simd.h"

/* Of two rows `distance` apart: the first keeps its even blocks and takes the second's into its odd ones; the second the other way. */
#define TRADE(row, distance, even, odd)                         \
  UNROLL for (int i = 0; i < VW; i++) {                         \
    if ((i & (distance)) == 0) {                                \
      const vu a = (row)[i], b = (row)[i + (distance)];         \
      (row)[i] = SHUFFLE(a, b, even);                           \
      (row)[i + (distance)] = SHUFFLE(a, b, odd);               \
    }                                                           \
  }

#define LIST(...) __VA_ARGS__

INLINE void transpose(vu row[VW]) {
#if VW == 4
  TRADE(row, 1, LIST(0, 4, 2, 6), LIST(1, 5, 3, 7))
  TRADE(row, 2, LIST(0, 1, 4, 5), LIST(2, 3, 6, 7))
#elif VW == 8
  TRADE(row, 1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
  TRADE(row, 2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
  TRADE(row, 4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
#else
  TRADE(row, 1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
        LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  TRADE(row, 2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
        LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  TRADE(row, 4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
        LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  TRADE(row, 8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
        LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#endif
}

#endif
