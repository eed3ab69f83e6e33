/* Matmul operands: rounding to bf16 with bounded exponents (src/numerics/f32.ts), and the words they are packed into. */
#ifndef POL_BF16_H
#define POL_BF16_H

#include "simd.h"

#define OPERAND_MIN_BITS 0x23800000 /* 2^-56 */
#define OPERAND_MAX_BITS 0x58800000 /* 2^50 */

/* Operands of a packed word: AVX-512-BF16 takes two, the even index in the upper half because that half is added first. */
#if defined(__AVX512BF16__)
#define WORD_OPERANDS 2
#else
#define WORD_OPERANDS 1
#endif

/* f32 bits of bf16(x); lanes above 2^50 become +0 and are noted in `over`. */
INLINE vu bf16_round(vf x, vi *over) {
  vu bits = (vu)x;
  vi magnitude = (vi)(bits & 0x7fffffffu);
  vi above = magnitude > OPERAND_MAX_BITS;
  *over |= above;
  vu keep = (vu)((magnitude >= OPERAND_MIN_BITS) & ~above);
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u & keep;
}

/* Words of `n` parallel chains at one step (or pair of steps): row 0, and row 1 or null, of contiguous floats. */
INLINE void words_across(uint32_t *words, const float *row0, const float *row1, long n, vi *over) {
  for (long i = 0; i < n; i += VW) {
    vu word = bf16_round(vf_load_n(row0 + i, n - i), over);
#if WORD_OPERANDS == 2
    if (row1 != NULL) word |= bf16_round(vf_load_n(row1 + i, n - i), over) >> 16;
#else
    (void)row1;
#endif
    vu_store(words + i, word);
  }
}

/* Words of one chain: k contiguous floats. Writes whole vectors. */
INLINE void words_along(uint32_t *words, const float *row, long k, vi *over) {
#if WORD_OPERANDS == 2
  for (long i = 0; i < k; i += VW) {
    __m512i bits = (__m512i)bf16_round(vf_load_n(row + i, k - i), over);
    __m512i pairs = _mm512_or_si512(bits, _mm512_srli_epi64(bits, 48));
    _mm256_storeu_si256((__m256i *)(words + i / 2), _mm512_cvtepi64_epi32(pairs));
  }
#else
  for (long i = 0; i < k; i += VW) vu_store(words + i, bf16_round(vf_load_n(row + i, k - i), over));
#endif
}

/* Where an accumulating chain starts: |c| < 2^-103 on the grid of 2^-126 that all products lie on; see chainStart in f32.ts. */
INLINE vf chain_start(vf c) {
  vf shift = (vf)(((vu)c & 0x80000000u) | 0x0c000000u); /* 2^-103 with the sign of c */
  return vf_select(vf_abs(c) < 0x1p-103f, (c + shift) - shift, c);
}

/* c + a·b over the operands of one word pair. */
INLINE vf word_product_sum(vu a, vu b, vf c) {
#if WORD_OPERANDS == 2
  return (vf)_mm512_dpbf16_ps((__m512)c, (__m512bh)a, (__m512bh)b);
#else
  return vf_exact_product_sum((vf)a, (vf)b, c);
#endif
}

#endif
