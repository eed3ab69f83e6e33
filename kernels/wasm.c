/* The module's edge: one arena, one thread, scratch memory between the module's own data and the arena. */
#include "runtime.h"

double pol_run_wasm(PolArena *arena, int kernel);

#define EXPORT(name) __attribute__((export_name(name)))

struct PolPool {
  char *scratch;
  size_t scratch_bytes;
};

static PolPool pool;
static double arguments[POL_ARGUMENTS * (1 + POL_PROGRAM_CALLS)];
static PolArena arena = {.pool = &pool, .arguments = arguments};

/* Addresses in bytes, 64-byte aligned. Returns where the arguments (f64) are to be written. */
EXPORT("initialize") double *initialize(char *scratch, size_t scratch_bytes, float *words) {
  pool.scratch = scratch;
  pool.scratch_bytes = scratch_bytes;
  arena.words = words;
  return arguments;
}

EXPORT("run") double run(int kernel) { return pol_run_wasm(&arena, kernel); }

void pol_parallel(PolPool *unused, PolTask task, void *job, long units) {
  (void)unused;
  for (long unit = 0; unit < units; unit++) task(job, unit, 0);
}

int pol_threads(const PolPool *unused) {
  (void)unused;
  return 1;
}

int pol_reserve(PolPool *owner, size_t bytes) { return bytes <= owner->scratch_bytes; }

void *pol_scratch(PolPool *owner, int thread) {
  (void)thread;
  return owner->scratch;
}
