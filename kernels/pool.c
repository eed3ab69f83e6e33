/*
 * A pool that costs nothing while idle: workers spin briefly for the next job (a training step calls hundreds of kernels, most shorter
 * than waking a thread takes), then sleep. The caller works too and waits only for workers that joined, so a worker that wakes late (a
 * busy machine) delays nobody.
 */
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__SSE2__)
#include <xmmintrin.h>
#define RELAX() _mm_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("yield")
#else
#define RELAX() ((void)0)
#endif

#define MAX_THREADS 256
/* Longer than the pauses between the kernels of a step, far shorter than anyone notices as load. */
#define SPIN_NANOSECONDS 200000
/* Pauses between two looks at the clock. */
#define SPINS 32
/* How long the caller works alone after a worker that had no processor kept it waiting: at first, and when it goes on like that. */
#define LEAST_ALONE_NANOSECONDS 2000000
#define MOST_ALONE_NANOSECONDS 64000000
#define SCRATCH_ALIGNMENT 64
#define CACHE_LINE 64

/* The gate's lowest bit: the job is open. The rest counts workers inside. */
#define GATE_OPEN 1u
#define GATE_WORKER 2u

/*
 * Units next … end - 1 are this thread's to begin with: neighbouring units touch neighbouring memory, and from job to job a thread finds
 * its own part in its own cache. Who has none left takes from the others.
 */
typedef struct {
  long next __attribute__((aligned(CACHE_LINE)));
  long end;
} Share;

struct PolPool {
  int threads;
  pthread_t handles[MAX_THREADS];
  void *scratch[MAX_THREADS];
  size_t scratch_bytes;

  /* The job; changes only while the gate is closed and nobody is inside. */
  PolTask task;
  void *job;

  /* Before this time the caller works alone, since it had to wait; and for how long that was decided. */
  int64_t alone_until, alone;

  /* Sleeping and waking; whoever sets a reason to wake does so before looking at who sleeps, sleepers the other way round. */
  pthread_mutex_t mutex;
  pthread_cond_t start, finish;
  int stopping, sleeping, waiting;

  /* Counts jobs. */
  unsigned generation __attribute__((aligned(CACHE_LINE)));
  unsigned gate __attribute__((aligned(CACHE_LINE)));
  Share shares[MAX_THREADS];
};

typedef struct {
  PolPool *pool;
  int thread;
} WorkerStart;

#define LOAD(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#define STORE(place, value) __atomic_store_n(&(place), value, __ATOMIC_SEQ_CST)
#define ADD(place, value) __atomic_fetch_add(&(place), value, __ATOMIC_SEQ_CST)

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* After a round of spinning: 1 until `deadline` (0 before the first round), then 0. Yields to whoever shares the processor. */
static int spin_on(int64_t *deadline) {
  const int64_t now = nanoseconds();
  if (*deadline == 0) *deadline = now + SPIN_NANOSECONDS;
  if (now >= *deadline) return 0;
  sched_yield();
  return 1;
}

static void work(PolPool *pool, int thread) {
  for (int t = 0; t < pool->threads; t++) {
    Share *share = &pool->shares[(thread + t) % pool->threads];
    while (__atomic_load_n(&share->next, __ATOMIC_RELAXED) < share->end) {
      const long unit = __atomic_fetch_add(&share->next, 1, __ATOMIC_RELAXED);
      if (unit < share->end) pool->task(pool->job, unit, thread);
    }
  }
}

/* Waits for a job after the one numbered `seen`. */
static void await_job(PolPool *pool, unsigned seen) {
  for (int64_t deadline = 0;;) {
    for (int i = 0; i < SPINS; i++) {
      if (LOAD(pool->generation) != seen) return;
      RELAX();
    }
    if (spin_on(&deadline)) continue;
    pthread_mutex_lock(&pool->mutex);
    ADD(pool->sleeping, 1);
    while (LOAD(pool->generation) == seen) pthread_cond_wait(&pool->start, &pool->mutex);
    ADD(pool->sleeping, -1);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void leave(PolPool *pool) {
  if (__atomic_sub_fetch(&pool->gate, GATE_WORKER, __ATOMIC_SEQ_CST) != 0 || !LOAD(pool->waiting)) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_signal(&pool->finish);
  pthread_mutex_unlock(&pool->mutex);
}

static void *worker(void *argument) {
  WorkerStart start = *(WorkerStart *)argument;
  free(argument);
  PolPool *pool = start.pool;
  pol_fpu_enter();
  for (unsigned seen = 0;;) {
    await_job(pool, seen);
    seen = LOAD(pool->generation);
    if (LOAD(pool->stopping)) return NULL;
    if (ADD(pool->gate, GATE_WORKER) & GATE_OPEN) work(pool, start.thread);
    leave(pool);
  }
}

/* Makes workers look: a job, or the end. */
static void announce(PolPool *pool) {
  ADD(pool->generation, 1);
  if (LOAD(pool->sleeping) == 0) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->start);
  pthread_mutex_unlock(&pool->mutex);
}

PolPool *pol_pool_create(int threads) {
  if (threads < 1 || threads > MAX_THREADS) return NULL;
  void *memory;
  if (posix_memalign(&memory, CACHE_LINE, sizeof(PolPool)) != 0) return NULL;
  PolPool *pool = memset(memory, 0, sizeof(PolPool));
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
  STORE(pool->stopping, 1);
  announce(pool);
  for (int t = 1; t < pool->threads; t++) pthread_join(pool->handles[t], NULL);
  for (int t = 0; t < pool->threads; t++) free(pool->scratch[t]);
  pthread_mutex_destroy(&pool->mutex);
  pthread_cond_destroy(&pool->start);
  pthread_cond_destroy(&pool->finish);
  free(pool);
}

/*
 * Waits until no worker is inside; the gate is closed. A unit of work takes workers about as long as the caller, who did at least one
 * since `started`: one who takes much longer was put aside by a busy machine, and would be again.
 */
static void await_workers(PolPool *pool, int64_t started) {
  if (LOAD(pool->gate) == 0) return;
  const int64_t done = nanoseconds();
  for (int64_t deadline = 0; LOAD(pool->gate) != 0;) {
    for (int i = 0; i < SPINS && LOAD(pool->gate) != 0; i++) RELAX();
    if (LOAD(pool->gate) == 0 || spin_on(&deadline)) continue;
    pthread_mutex_lock(&pool->mutex);
    STORE(pool->waiting, 1);
    while (LOAD(pool->gate) != 0) pthread_cond_wait(&pool->finish, &pool->mutex);
    STORE(pool->waiting, 0);
    pthread_mutex_unlock(&pool->mutex);
  }
  const int64_t now = nanoseconds();
  if (now - done <= (done - started) + SPIN_NANOSECONDS) return;
  const int again = now - pool->alone_until < 4 * pool->alone;
  pool->alone = again ? (2 * pool->alone < MOST_ALONE_NANOSECONDS ? 2 * pool->alone : MOST_ALONE_NANOSECONDS) : LEAST_ALONE_NANOSECONDS;
  pool->alone_until = now + pool->alone;
}

void pol_parallel(PolPool *pool, PolTask task, void *job, long units) {
  const int alone = pool == NULL || pool->threads == 1 || units <= 1;
  const int64_t started = alone ? 0 : nanoseconds();
  if (alone || started <= pool->alone_until) {
    for (long unit = 0; unit < units; unit++) task(job, unit, 0);
    return;
  }
  pool->task = task;
  pool->job = job;
  for (int t = 0; t < pool->threads; t++) {
    pool->shares[t].next = units * t / pool->threads;
    pool->shares[t].end = units * (t + 1) / pool->threads;
  }
  __atomic_fetch_or(&pool->gate, GATE_OPEN, __ATOMIC_SEQ_CST);
  announce(pool);
  work(pool, 0);
  __atomic_fetch_and(&pool->gate, ~GATE_OPEN, __ATOMIC_SEQ_CST);
  await_workers(pool, started);
}

int pol_threads(const PolPool *pool) { return pool->threads; }

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
