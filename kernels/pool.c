/*
 * A pool that costs nothing while idle: workers spin briefly for the next job, then sleep. The caller works too and waits only for
 * workers that took part, so a worker that wakes late (a busy machine) delays nobody.
 */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <xmmintrin.h>
#define RELAX() _mm_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("yield")
#else
#define RELAX() ((void)0)
#endif

#define MAX_THREADS 256
#define SPINS 1000 /* some tens of microseconds */
#define SCRATCH_ALIGNMENT 64

struct PolPool {
  int threads;
  pthread_t handles[MAX_THREADS];
  void *scratch[MAX_THREADS];
  size_t scratch_bytes;

  pthread_mutex_t mutex;
  pthread_cond_t start, finish;
  /* Counts jobs; read without the mutex by spinning workers. */
  unsigned generation;
  int stopping;
  /* The open job, under the mutex: workers may join while task is not NULL. */
  PolTask task;
  void *job;
  long units;
  int active;
  /* The next unit to take. */
  long next;
};

typedef struct {
  PolPool *pool;
  int thread;
} WorkerStart;

static void work(PolPool *pool, PolTask task, void *job, long units, int thread) {
  for (;;) {
    const long unit = __atomic_fetch_add(&pool->next, 1, __ATOMIC_RELAXED);
    if (unit >= units) return;
    task(job, unit, thread);
  }
}

static void *worker(void *argument) {
  WorkerStart start = *(WorkerStart *)argument;
  free(argument);
  PolPool *pool = start.pool;
  pol_fpu_enter();
  unsigned seen = 0;
  for (;;) {
    for (int i = 0; i < SPINS && __atomic_load_n(&pool->generation, __ATOMIC_RELAXED) == seen; i++) RELAX();
    pthread_mutex_lock(&pool->mutex);
    while (!pool->stopping && pool->generation == seen) pthread_cond_wait(&pool->start, &pool->mutex);
    seen = pool->generation;
    if (pool->stopping) {
      pthread_mutex_unlock(&pool->mutex);
      return NULL;
    }
    const PolTask task = pool->task;
    void *job = pool->job;
    const long units = pool->units;
    if (task != NULL) pool->active++;
    pthread_mutex_unlock(&pool->mutex);
    if (task == NULL) continue;
    work(pool, task, job, units, start.thread);
    pthread_mutex_lock(&pool->mutex);
    if (--pool->active == 0) pthread_cond_signal(&pool->finish);
    pthread_mutex_unlock(&pool->mutex);
  }
}

PolPool *pol_pool_create(int threads) {
  if (threads < 1 || threads > MAX_THREADS) return NULL;
  PolPool *pool = calloc(1, sizeof *pool);
  if (pool == NULL) return NULL;
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->start, NULL);
  pthread_cond_init(&pool->finish, NULL);
  pool->threads = 1;
  while (pool->threads < threads) {
    WorkerStart *start = malloc(sizeof *start);
    if (start != NULL) *start = (WorkerStart){pool, pool->threads};
    if (start == NULL || pthread_create(&pool->handles[pool->threads], NULL, worker, start) != 0) {
      free(start);
      pol_pool_destroy(pool);
      return NULL;
    }
    pool->threads++;
  }
  return pool;
}

void pol_pool_destroy(PolPool *pool) {
  pthread_mutex_lock(&pool->mutex);
  pool->stopping = 1;
  __atomic_fetch_add(&pool->generation, 1, __ATOMIC_RELAXED);
  pthread_cond_broadcast(&pool->start);
  pthread_mutex_unlock(&pool->mutex);
  for (int t = 1; t < pool->threads; t++) pthread_join(pool->handles[t], NULL);
  for (int t = 0; t < pool->threads; t++) free(pool->scratch[t]);
  pthread_mutex_destroy(&pool->mutex);
  pthread_cond_destroy(&pool->start);
  pthread_cond_destroy(&pool->finish);
  free(pool);
}

void pol_parallel(PolPool *pool, PolTask task, void *job, long units) {
  if (pool->threads == 1 || units <= 1) {
    for (long unit = 0; unit < units; unit++) task(job, unit, 0);
    return;
  }
  pthread_mutex_lock(&pool->mutex);
  pool->task = task;
  pool->job = job;
  pool->units = units;
  __atomic_store_n(&pool->next, 0, __ATOMIC_RELAXED);
  __atomic_fetch_add(&pool->generation, 1, __ATOMIC_RELAXED);
  pthread_cond_broadcast(&pool->start);
  pthread_mutex_unlock(&pool->mutex);
  work(pool, task, job, units, 0);
  pthread_mutex_lock(&pool->mutex);
  pool->task = NULL;
  while (pool->active > 0) pthread_cond_wait(&pool->finish, &pool->mutex);
  pthread_mutex_unlock(&pool->mutex);
}

int pol_reserve(PolPool *pool, size_t bytes) {
  if (bytes <= pool->scratch_bytes) return 1;
  const size_t rounded = (bytes + SCRATCH_ALIGNMENT - 1) / SCRATCH_ALIGNMENT * SCRATCH_ALIGNMENT;
  for (int t = 0; t < pool->threads; t++) {
    void *fresh;
    if (posix_memalign(&fresh, SCRATCH_ALIGNMENT, rounded) != 0) {
      pool->scratch_bytes = 0;
      return 0;
    }
    free(pool->scratch[t]);
    pool->scratch[t] = fresh;
  }
  pool->scratch_bytes = rounded;
  return 1;
}

void *pol_scratch(PolPool *pool, int thread) { return pool->scratch[thread]; }

#if defined(__SSE2__)
#define DEFAULT_CONTROL 0x1f80u /* all exceptions masked, round to nearest, no flush-to-zero, no denormals-are-zero */

uint64_t pol_fpu_enter(void) {
  const uint32_t former = _mm_getcsr();
  if ((former & ~0x3fu) != DEFAULT_CONTROL) _mm_setcsr(DEFAULT_CONTROL);
  return former;
}

void pol_fpu_leave(uint64_t former) {
  if (((uint32_t)former & ~0x3fu) != DEFAULT_CONTROL) _mm_setcsr((uint32_t)former);
}
#elif defined(__aarch64__)
uint64_t pol_fpu_enter(void) {
  uint64_t former;
  __asm__ volatile("mrs %0, fpcr" : "=r"(former));
  if (former != 0) __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)0));
  return former;
}

void pol_fpu_leave(uint64_t former) {
  if (former != 0) __asm__ volatile("msr fpcr, %0" ::"r"(former));
}
#else
#error "the state of this processor's floating point unit cannot be checked"
#endif
