/* What the kernels need from the machine: memory, threads, scratch. Implemented by pool.c (native) and wasm.c. */
#ifndef POL_RUNTIME_H
#define POL_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

typedef struct PolPool PolPool;

#define POL_ARGUMENTS 24

/* One arena: the words all offsets count from, its sticky divergence flags, and the arguments of the next call. */
typedef struct {
  float *words;
  PolPool *pool;
  uint32_t divergence;
  double *arguments;
} PolArena;

enum { POL_DIVERGED_OPERAND = 1, POL_DIVERGED_ROW = 2, POL_DIVERGED_WEIGHT = 4 };

/* Does units unit, unit+1, … of a job; `thread` selects the scratch memory. */
typedef void (*PolTask)(void *job, long unit, int thread);

/* Runs units 0 … units-1, in any order and on any thread (the calling one only, where `pool` is null); returns when all are done. */
void pol_parallel(PolPool *pool, PolTask task, void *job, long units);

/* Makes pol_scratch valid for `bytes` on every thread; 0 when there is no memory. */
int pol_reserve(PolPool *pool, size_t bytes);
/* 64-byte aligned. */
void *pol_scratch(PolPool *pool, int thread);

/* The kernel numbered `kernel` with arena->arguments; NaN when out of memory. One such function for each instruction set. */
typedef double (*PolRun)(PolArena *arena, int kernel);

static inline void pol_diverged(PolArena *arena, uint32_t flags) {
  if (flags != 0) __atomic_fetch_or(&arena->divergence, flags, __ATOMIC_RELAXED);
}

#endif
