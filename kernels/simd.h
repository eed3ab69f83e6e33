/*
 * Vectors of the compiled instruction set's own width, through the vector extensions of GCC and Clang: + - * / and bit operations are
 * plain operators, each rounded once (the build sets -ffp-contract=off). Only the square root, the exact product-sum of the matrix
 * kernels and AVX-512's pairwise product need intrinsics.
 */
#ifndef POL_SIMD_H
#define POL_SIMD_H

#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__)
/* No C library there: these become instructions. */
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#else
#include <string.h>
#endif

#if defined(__AVX512F__)
#include <immintrin.h>
#define VW 16
#elif defined(__AVX2__)
#include <immintrin.h>
#define VW 8
#elif defined(__SSE2__)
#include <emmintrin.h>
#define VW 4
#elif defined(__aarch64__)
#include <arm_neon.h>
#define VW 4
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#define VW 4
#else
#error "no vector instruction set; use the WebAssembly or reference backend"
#endif

#define LANES 16
/* Vectors that hold the 16 virtual lanes. */
#define LANE_VECTORS (LANES / VW)

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vf __attribute__((vector_size(VW * 4)));
typedef int32_t vi __attribute__((vector_size(VW * 4)));
typedef uint32_t vu __attribute__((vector_size(VW * 4)));
typedef float vf_unaligned __attribute__((vector_size(VW * 4), aligned(4), may_alias));
typedef uint32_t vu_unaligned __attribute__((vector_size(VW * 4), aligned(4), may_alias));

INLINE vf vf_splat(float x) { return x - (vf){0}; }
INLINE vu vu_splat(uint32_t x) { return x | (vu){0}; }
INLINE vf vf_load(const float *p) { return *(const vf_unaligned *)p; }
INLINE void vf_store(float *p, vf x) { *(vf_unaligned *)p = x; }
INLINE vu vu_load(const uint32_t *p) { return *(const vu_unaligned *)p; }
INLINE void vu_store(uint32_t *p, vu x) { *(vu_unaligned *)p = x; }

/* The first `left` elements, the rest +0. */
INLINE vf vf_load_n(const float *p, long left) {
  if (__builtin_expect(left >= VW, 1)) return vf_load(p);
#if defined(__AVX512F__)
  return left > 0 ? (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << left) - 1), p) : (vf){0};
#else
  vf x = {0};
  if (left > 0) memcpy(&x, p, (size_t)left * 4);
  return x;
#endif
}
INLINE void vf_store_n(float *p, vf x, long left) {
  if (__builtin_expect(left >= VW, 1)) vf_store(p, x);
#if defined(__AVX512F__)
  else if (left > 0) _mm512_mask_storeu_ps(p, (__mmask16)((1u << left) - 1), (__m512)x);
#else
  else if (left > 0) memcpy(p, &x, (size_t)left * 4);
#endif
}

/* Lanes of a, then of b, by number. */
#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif

/* Lane by lane mask ? a : b; masks are all ones or all zeros, as comparisons give them. */
INLINE vf vf_select(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }
/* a > b ? a : b, which is what x86's instruction does with zeros and NaN too. */
INLINE vf vf_max(vf a, vf b) {
#if defined(__AVX512F__)
  return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (vf)_mm_max_ps((__m128)a, (__m128)b);
#else
  return vf_select(a > b, a, b);
#endif
}
INLINE vf vf_abs(vf x) { return (vf)((vi)x & 0x7fffffff); }

INLINE int vi_any(vi mask) {
  int32_t any = 0;
  UNROLL for (int l = 0; l < VW; l++) any |= mask[l];
  return any != 0;
}

INLINE vf vf_sqrt(vf x) {
#if defined(__AVX512F__)
  return (vf)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
  return (vf)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (vf)_mm_sqrt_ps((__m128)x);
#elif defined(__aarch64__)
  return (vf)vsqrtq_f32((float32x4_t)x);
#else
  return (vf)wasm_f32x4_sqrt((v128_t)x);
#endif
}

/*
 * c + a*b of two operands. Products of bf16 values are exact: fused or not, the same bits. Those of f32 values are not, and are rounded
 * before they are added, as every instruction set can.
 */
INLINE vf vf_product_sum(vf a, vf b, vf c) {
#if defined(POL_OPERANDS_F32)
  return c + a * b;
#elif defined(__AVX512F__)
  return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__) && defined(__FMA__)
  return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
  return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(__wasm_relaxed_simd__)
  /* Fused on some machines, not on others: here that is no difference. */
  return (vf)wasm_f32x4_relaxed_madd((v128_t)a, (v128_t)b, (v128_t)c);
#else
  return c + a * b;
#endif
}

/* The 16 virtual lanes of a row reduction, and their pairwise tree. */
typedef struct {
  vf v[LANE_VECTORS];
} Lanes;

INLINE Lanes lanes_zero(void) {
  Lanes lanes;
  UNROLL for (int q = 0; q < LANE_VECTORS; q++) lanes.v[q] = (vf){0};
  return lanes;
}

/* The upper half, quarter, eighth … of a vector, moved to its start; the rest is of no meaning. */
#if VW == 16
#define UPPER_8(x) SHUFFLE(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)
#define UPPER_4(x) SHUFFLE(x, x, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7)
#define UPPER_2(x) SHUFFLE(x, x, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3)
#define UPPER_1(x) SHUFFLE(x, x, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
#elif VW == 8
#define UPPER_4(x) SHUFFLE(x, x, 4, 5, 6, 7, 4, 5, 6, 7)
#define UPPER_2(x) SHUFFLE(x, x, 2, 3, 2, 3, 2, 3, 2, 3)
#define UPPER_1(x) SHUFFLE(x, x, 1, 1, 1, 1, 1, 1, 1, 1)
#else
#define UPPER_2(x) SHUFFLE(x, x, 2, 3, 2, 3)
#define UPPER_1(x) SHUFFLE(x, x, 1, 1, 1, 1)
#endif

/* Combines the lanes of the vectors v[LANE_VECTORS] in the pairwise tree; the result is in lane 0 of v[0]. */
#if VW == 16
#define LANES_TREE(v, combine) (v)[0] = combine((v)[0], UPPER_8((v)[0])), (v)[0] = combine((v)[0], UPPER_4((v)[0]))
#elif VW == 8
#define LANES_TREE(v, combine) (v)[0] = combine((v)[0], (v)[1]), (v)[0] = combine((v)[0], UPPER_4((v)[0]))
#else
#define LANES_TREE(v, combine) \
  (v)[0] = combine((v)[0], (v)[2]), (v)[1] = combine((v)[1], (v)[3]), (v)[0] = combine((v)[0], (v)[1])
#endif

INLINE vf vf_add(vf a, vf b) { return a + b; }

INLINE float lanes_sum(Lanes lanes) {
  LANES_TREE(lanes.v, vf_add);
  vf sum = lanes.v[0] + UPPER_2(lanes.v[0]);
  sum = sum + UPPER_1(sum);
  return sum[0];
}

INLINE float lanes_max(Lanes lanes) {
  LANES_TREE(lanes.v, vf_max);
  vf max = vf_max(lanes.v[0], UPPER_2(lanes.v[0]));
  max = vf_max(max, UPPER_1(max));
  return max[0];
}

/* Lane l of vector q: l + q·VW, the virtual lane's number. */
INLINE vi lane_numbers(int q) {
#if VW == 16
  const vi first = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif VW == 8
  const vi first = {0, 1, 2, 3, 4, 5, 6, 7};
#else
  const vi first = {0, 1, 2, 3};
#endif
  return first + q * VW;
}

INLINE long min_long(long a, long b) { return a < b ? a : b; }
INLINE long max_long(long a, long b) { return a > b ? a : b; }
INLINE long ceil_div(long a, long b) { return (a + b - 1) / b; }
INLINE long round_up(long a, long b) { return ceil_div(a, b) * b; }

#endif
