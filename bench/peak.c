/*
 * The most multiply-adds of the matrix kernels' own kind that this processor finishes in a second: independent chains that never leave
 * the registers. Compiled once for each instruction set, natively and to WebAssembly, with the flags of the kernels.
 */
#include "bf16.h"

/* Enough chains to hide the latency of a multiply-add, few enough to stay in registers. */
#if defined(__AVX512F__) || defined(__aarch64__)
#define CHAINS 16
#else
#define CHAINS 12
#endif

/* A round of tiles takes longer. */
#if defined(__AMX_BF16__)
#define ROUND_LENGTH 8
#else
#define ROUND_LENGTH 1
#endif

/* Keeps a value in a register and hides from the compiler what it is. */
#if defined(__AVX512F__)
#define OPAQUE(x) __asm__ volatile("" : "+v"(x))
#elif defined(__SSE2__)
#define OPAQUE(x) __asm__ volatile("" : "+x"(x))
#elif defined(__aarch64__)
#define OPAQUE(x) __asm__ volatile("" : "+w"(x))
#else
#define OPAQUE(x) ((void)0)
#endif

#if defined(__AMX_BF16__)
#include "product.h"

/* Two tiles of rows times two of columns, as the kernels' own. */
float pol_peak(long rounds, float seed) {
  (void)seed;
  matrix_unit_begin();
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (long n = 0; n < rounds; n++) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return 0.0f;
}

long pol_peak_operations(void) { return 4L * TILE_ROWS * TILE_ROWS * CHAIN_BLOCK * 2; }
#else
/* Runs `rounds` steps of every chain; the result keeps the work alive. */
float pol_peak(long rounds, float seed) {
  vf sums[CHAINS];
  vu a = (vu)vf_splat(seed), b = (vu)vf_splat(seed);
  UNROLL for (int i = 0; i < CHAINS; i++) sums[i] = vf_splat(seed * (float)i);
  for (long n = 0; n < rounds; n++) {
    OPAQUE(a);
    UNROLL for (int i = 0; i < CHAINS; i++) {
      sums[i] = word_product_sum(a, b, sums[i]);
      OPAQUE(sums[i]);
    }
  }
  vf sum = {0};
  UNROLL for (int i = 0; i < CHAINS; i++) sum = sum + sums[i];
  return sum[0];
}

/* Floating point operations of one round. */
long pol_peak_operations(void) { return CHAINS * VW * WORD_OPERANDS * 2; }

#endif

#if !defined(__wasm__)
#include <stdio.h>
#include <time.h>
#if defined(__AMX_BF16__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Prints the best rate of many short runs, in GFLOP/s. */
int main(void) {
  enum { RUNS = 60, ROUNDS = 100000 };
  double best = 0;
  volatile float sink = 0;
#if defined(__AMX_BF16__)
  /* ARCH_REQ_XCOMP_PERM for tile data, as kernels/addon.c asks. */
  if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) return 1;
#endif
  for (int run = 0; run < RUNS; run++) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    sink = sink + pol_peak(ROUNDS / ROUND_LENGTH, 0.0f);
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double nanoseconds = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    const double rate = (double)(ROUNDS / ROUND_LENGTH) * (double)pol_peak_operations() / nanoseconds;
    if (rate > best) best = rate;
  }
  printf("%.1f\n", best);
  return 0;
}
#endif
