/*
 * Matmul operands: rounding to bf16 with bounded exponents (src/numerics/f32.ts), and the words they are packed into. A build with
 * POL_OPERANDS_F32 leaves operands as they are (docs/numerics.md): the same kernels, another arithmetic.
 */
#ifndef POL_BF16_H
#define POL_BF16_H

#include "simd.h"

#define OPERAND_MIN_BITS 0x23800000 /* 2^-56 */
#define OPERAND_MAX_BITS 0x58800000 /* 2^50 */

/* Steps of a block: two chains, over its even and its odd steps, join the sum at its end (src/numerics/backend.ts, `chain`). */
#define CHAIN_BLOCK 32

/*
 * Packed words alternate between the two chains. With AVX-512-BF16 a word (SECOND_STEP: from its first step to its second) holds the next two operands of its chain, the first in the upper
 * half because that half is added first: words 2q and 2q + 1 are the steps 4q, 4q + 2 and 4q + 1, 4q + 3.
 */
#if defined(POL_OPERANDS_F32) && defined(__AVX512BF16__)
#error "these instructions take bf16 operands only"
#elif defined(__AMX_BF16__)
/* Tiles take the next two steps in a word, the even one in the lower half, and whole blocks. */
#define WORD_OPERANDS 2
#define SECOND_STEP 1
INLINE long word_step(long p) { return 2 * p; }
INLINE long words_of(long k) { return CHAIN_BLOCK / 2 * ceil_div(k, CHAIN_BLOCK); }
#elif defined(__AVX512BF16__)
#define WORD_OPERANDS 2
#define SECOND_STEP 2
INLINE long word_step(long p) { return 4 * (p / 2) + p % 2; }
INLINE long words_of(long k) { return 2 * ceil_div(k, 4); }
#else
#define WORD_OPERANDS 1
#define SECOND_STEP 1
INLINE long word_step(long p) { return p; }
INLINE long words_of(long k) { return k; }
#endif
#define BLOCK_WORDS (CHAIN_BLOCK / WORD_OPERANDS)

#if defined(__AVX512F__)
INLINE __mmask16 bf16_in_range(vi magnitude) {
  const __m512i above_least = (__m512i)(magnitude - OPERAND_MIN_BITS);
  return _mm512_cmple_epu32_mask(above_least, _mm512_set1_epi32(OPERAND_MAX_BITS - OPERAND_MIN_BITS));
}
#endif

/* f32 bits of the operand that x is; lanes above 2^50 become +0 and leave a negative number in `over`. */
INLINE vu bf16_round(vf x, vi *over) {
  vu bits = (vu)x;
  vi magnitude = (vi)(bits & 0x7fffffffu);
  *over |= OPERAND_MAX_BITS - magnitude;
#if defined(POL_OPERANDS_F32)
  return bits & (vu)(magnitude <= OPERAND_MAX_BITS);
#else
  vu rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
#if defined(__AVX512F__)
  return (vu)_mm512_maskz_mov_epi32(bf16_in_range(magnitude), (__m512i)rounded);
#else
  return rounded & (vu)((magnitude >= OPERAND_MIN_BITS) & (magnitude <= OPERAND_MAX_BITS));
#endif
#endif
}

INLINE int any_over(vi over) { return vi_any(over < 0); }

#if WORD_OPERANDS == 2
/* bf16 of 32 operands, `low` first. In range, the instruction rounds as bf16_round does. */
INLINE __m512i bf16_round_two(vf low, vf high, vi *over) {
  vi low_magnitude = (vi)low & 0x7fffffff, high_magnitude = (vi)high & 0x7fffffff;
  *over |= (OPERAND_MAX_BITS - low_magnitude) | (OPERAND_MAX_BITS - high_magnitude);
  const __mmask32 keep = _mm512_kunpackw(bf16_in_range(high_magnitude), bf16_in_range(low_magnitude));
  return (__m512i)_mm512_maskz_cvtne2ps_pbh(keep, (__m512)high, (__m512)low);
}
#endif

/* One vector of words of neighbouring sums: `left` floats of the row of a word's first step (or null), and of its second (or null). */
INLINE vu words_across(const float *row0, const float *row1, long left, vi *over) {
#if WORD_OPERANDS == 2
  const vf first = row0 == NULL ? (vf){0} : vf_load_n(row0, left), second = row1 == NULL ? (vf){0} : vf_load_n(row1, left);
  /* Half 2i is the lower operand i, half 2i + 1 the upper one. */
#if defined(__AMX_BF16__)
  const vf lower = first, upper = second;
#else
  const vf lower = second, upper = first;
#endif
  const __m512i low_halves = (__m512i)lane_numbers(0);
  const __m512i order = _mm512_or_si512(low_halves, _mm512_slli_epi32(_mm512_add_epi32(low_halves, _mm512_set1_epi32(VW)), 16));
  return (vu)_mm512_permutexvar_epi16(order, bf16_round_two(lower, upper, over));
#else
  (void)row1;
  return bf16_round(vf_load_n(row0, left), over);
#endif
}

/* One vector of words of one sum: the next `left` of its contiguous floats. */
INLINE vu words_along(const float *row, long left, vi *over) {
#if defined(__AMX_BF16__)
  return (vu)bf16_round_two(vf_load_n(row, left), vf_load_n(row + VW, left - VW), over);
#elif WORD_OPERANDS == 2
  /* Of each four halves: third, first, fourth, second. */
  const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(4, 5, 0, 1, 6, 7, 2, 3, 12, 13, 8, 9, 14, 15, 10, 11));
  return (vu)_mm512_shuffle_epi8(bf16_round_two(vf_load_n(row, left), vf_load_n(row + VW, left - VW), over), order);
#else
  return bf16_round(vf_load_n(row, left), over);
#endif
}

/* Where an accumulating sum starts: |c| < 2^-103 on the grid of 2^-126 that all products lie on; see chainStart in f32.ts. */
INLINE vf chain_start(vf c) {
  vf shift = (vf)(((vu)c & 0x80000000u) | 0x0c000000u); /* 2^-103 with the sign of c */
  return vf_select(vf_abs(c) < 0x1p-103f, (c + shift) - shift, c);
}

/* c + a·b over the operands of one word pair. */
INLINE vf word_product_sum(vu a, vu b, vf c) {
#if WORD_OPERANDS == 2
  return (vf)_mm512_dpbf16_ps((__m512)c, (__m512bh)a, (__m512bh)b);
#else
  return vf_product_sum((vf)a, (vf)b, c);
#endif
}

#endif
