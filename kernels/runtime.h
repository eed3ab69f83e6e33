/* What the kernels need from the machine: memory, threads, scratch. Implemented by pool.c (native) and wasm.c. */
#ifndef POL_RUNTIME_H
#define POL_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

typedef struct PolPool PolPool;

/* Words (f64) of a call's arguments. A program is a call followed by its own, each with its kernel's number in the last word. */
#define POL_ARGUMENTS 24
#define POL_PROGRAM_CALLS 16

/* One arena: the words all offsets count from, its sticky divergence flags, and the arguments of the next call or program. */
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

/* Threads that share a job. */
int pol_threads(const PolPool *pool);

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
