/*
 * The Node-API edge of the native kernels.
 *   variants(): names this build holds and this machine can run, fastest first; those that end in _f32 do not round operands
 *   createPool(threads): a pool of threads, stopped when collected
 *   createArena(pool, buffer, variant): { byteOffset, handle }; the ArrayBuffer starts with the f64 arguments of the next call, and at
 *     byteOffset, less than two pages further, with the words. JavaScript allocates it: Node-API's own external buffers end at 4 GiB
 *   run(handle, kernel): runs it, returns its number
 *   releaseArena(handle): detaches the buffer, which frees the memory
 *   canHash(): whether hashChunks can run on this machine
 *   hashChunks(pool, prefix, vector, chunkBytes, out): SHA-256 of prefix ‖ chunk for each chunk of a typed array's bytes (sha256.h)
 */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "pool.h"
#include "sha256.h"

#define VARIANTS(each)            \
  POL_AMX(each, amx)               \
  POL_AVX512BF16(each, avx512bf16) \
  POL_AVX512(each, avx512)         \
  POL_AVX2(each, avx2)             \
  POL_SSE2(each, sse2)             \
  POL_NEON(each, neon)             \
  POL_AVX512_F32(each, avx512_f32) \
  POL_AVX2_F32(each, avx2_f32)     \
  POL_SSE2_F32(each, sse2_f32)     \
  POL_NEON_F32(each, neon_f32)
#define PRESENT(each, name) each(name)
#define ABSENT(each, name)
/* The build defines POL_<VARIANT> as PRESENT for each variant its compiler could build. */
#ifndef POL_AMX
#define POL_AMX ABSENT
#endif
#ifndef POL_AVX512BF16
#define POL_AVX512BF16 ABSENT
#endif
#ifndef POL_AVX512
#define POL_AVX512 ABSENT
#endif
#ifndef POL_AVX2
#define POL_AVX2 ABSENT
#endif
#ifndef POL_SSE2
#define POL_SSE2 ABSENT
#endif
#ifndef POL_NEON
#define POL_NEON ABSENT
#endif
#ifndef POL_AVX512_F32
#define POL_AVX512_F32 ABSENT
#endif
#ifndef POL_AVX2_F32
#define POL_AVX2_F32 ABSENT
#endif
#ifndef POL_SSE2_F32
#define POL_SSE2_F32 ABSENT
#endif
#ifndef POL_NEON_F32
#define POL_NEON_F32 ABSENT
#endif

#define DECLARE(name) double pol_run_##name(PolArena *arena, int kernel);
VARIANTS(DECLARE)

#if defined(__x86_64__)
static int can_run_avx512(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq");
}
static inline int can_run_avx512bf16(void) { return can_run_avx512() && __builtin_cpu_supports("avx512bf16"); }

#if defined(__linux__)
#define CPUID_AMX (1u << 22 | 1u << 24) /* leaf 7, EDX: AMX-BF16 and AMX-TILE */
#define XCR0_TILES 0x60000u             /* the system saves tiles and their configuration */
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_TILE_DATA 18

/* Linux gives a process tiles only when it asks (Documentation/arch/x86/xstate.rst). */
static inline int can_run_amx(void) {
  uint32_t a, b, c, d;
  if (!can_run_avx512bf16() || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & CPUID_AMX) != CPUID_AMX) return 0;
  __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  if ((a & XCR0_TILES) != XCR0_TILES) return 0;
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_TILE_DATA) == 0;
}
#else
static inline int can_run_amx(void) { return 0; }
#endif
static inline int can_run_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static inline int can_run_sse2(void) { return 1; }
#else
static inline int can_run_neon(void) { return 1; }
#endif

typedef struct {
  const char *name;
  PolRun run;
  int (*can_run)(void);
} Variant;

#define ENTRY(name) {#name, pol_run_##name, can_run_##name},
#define can_run_avx512_f32 can_run_avx512
#define can_run_avx2_f32 can_run_avx2
#define can_run_sse2_f32 can_run_sse2
#define can_run_neon_f32 can_run_neon
static const Variant variants[] = {VARIANTS(ENTRY)};
#define VARIANT_COUNT (sizeof variants / sizeof variants[0])

/* Arguments have a page's size; the words start at the page after, so that they are aligned for any vector. */
#define PAGE_BYTES 4096
#define HUGE_FROM_BYTES (4u << 20)

typedef struct {
  PolArena arena;
  PolRun run;
  napi_ref buffer;
  /* Keeps the pool alive as long as the arena. */
  napi_ref pool;
} Handle;

#define CHECK(call) \
  do {              \
    if ((call) != napi_ok) return NULL; \
  } while (0)

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

static napi_value list_variants(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value list, name;
  uint32_t count = 0;
  CHECK(napi_create_array(env, &list));
  for (size_t i = 0; i < VARIANT_COUNT; i++) {
    if (!variants[i].can_run()) continue;
    CHECK(napi_create_string_utf8(env, variants[i].name, NAPI_AUTO_LENGTH, &name));
    CHECK(napi_set_element(env, list, count++, name));
  }
  return list;
}

static void finalize_pool(napi_env env, void *pool, void *hint) {
  (void)env, (void)hint;
  pol_pool_destroy(pool);
}

static napi_value create_pool(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result;
  int32_t threads;
  CHECK(napi_get_cb_info(env, info, &count, &argument, NULL, NULL));
  CHECK(napi_get_value_int32(env, argument, &threads));
  PolPool *pool = pol_pool_create(threads);
  if (pool == NULL) return fail(env, "the threads could not be started");
  CHECK(napi_create_external(env, pool, finalize_pool, NULL, &result));
  return result;
}

static void finalize_handle(napi_env env, void *data, void *hint) {
  (void)hint;
  Handle *handle = data;
  napi_delete_reference(env, handle->buffer);
  napi_delete_reference(env, handle->pool);
  free(handle);
}

static napi_value create_arena(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3], result, external, offset;
  PolPool *pool;
  char *memory;
  size_t bytes;
  char name[32];
  CHECK(napi_get_cb_info(env, info, &count, arguments, NULL, NULL));
  CHECK(napi_get_value_external(env, arguments[0], (void **)&pool));
  CHECK(napi_get_arraybuffer_info(env, arguments[1], (void **)&memory, &bytes));
  CHECK(napi_get_value_string_utf8(env, arguments[2], name, sizeof name, NULL));
  const Variant *variant = NULL;
  for (size_t i = 0; i < VARIANT_COUNT; i++) {
    if (strcmp(variants[i].name, name) == 0 && variants[i].can_run()) variant = &variants[i];
  }
  if (variant == NULL) return fail(env, "no such variant");

  char *words = (char *)(((uintptr_t)memory + 2 * PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
  if (words > memory + bytes) return fail(env, "the buffer is too short");
#if defined(MADV_HUGEPAGE)
  /* Small buffers share a heap's pages with others. */
  if (bytes >= HUGE_FROM_BYTES) madvise(words, (size_t)(memory + bytes - words), MADV_HUGEPAGE);
#endif

  Handle *handle = calloc(1, sizeof *handle);
  if (handle == NULL) return fail(env, "out of memory");
  handle->arena.words = (float *)words;
  handle->arena.arguments = (double *)memory;
  handle->arena.pool = pool;
  handle->run = variant->run;
  CHECK(napi_create_reference(env, arguments[1], 1, &handle->buffer));
  CHECK(napi_create_reference(env, arguments[0], 1, &handle->pool));
  CHECK(napi_create_external(env, handle, finalize_handle, NULL, &external));
  CHECK(napi_create_object(env, &result));
  CHECK(napi_set_named_property(env, result, "handle", external));
  CHECK(napi_create_double(env, (double)(words - memory), &offset));
  CHECK(napi_set_named_property(env, result, "byteOffset", offset));
  return result;
}

static napi_value run_kernel(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], result;
  Handle *handle;
  int32_t kernel;
  CHECK(napi_get_cb_info(env, info, &count, arguments, NULL, NULL));
  CHECK(napi_get_value_external(env, arguments[0], (void **)&handle));
  CHECK(napi_get_value_int32(env, arguments[1], &kernel));
  if (handle->arena.words == NULL) return fail(env, "the arena was released");
  const uint64_t former = pol_fpu_enter();
  const double value = handle->run(&handle->arena, kernel);
  pol_fpu_leave(former);
  CHECK(napi_create_double(env, value, &result));
  return result;
}

static napi_value release_arena(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, buffer;
  Handle *handle;
  CHECK(napi_get_cb_info(env, info, &count, &argument, NULL, NULL));
  CHECK(napi_get_value_external(env, argument, (void **)&handle));
  if (handle->arena.words == NULL) return NULL;
  CHECK(napi_get_reference_value(env, handle->buffer, &buffer));
  CHECK(napi_detach_arraybuffer(env, buffer));
  handle->arena.words = NULL;
  return NULL;
}

static napi_value can_hash(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  CHECK(napi_get_boolean(env, pol_can_hash(), &result));
  return result;
}

/* The caller has checked types and sizes (native.ts). */
static napi_value hash_chunks(napi_env env, napi_callback_info info) {
  size_t count = 5, elements;
  napi_value arguments[5];
  PolPool *pool;
  PolHashJob job;
  double chunk_bytes;
  CHECK(napi_get_cb_info(env, info, &count, arguments, NULL, NULL));
  CHECK(napi_get_value_external(env, arguments[0], (void **)&pool));
  CHECK(napi_get_typedarray_info(env, arguments[1], NULL, NULL, (void **)&job.prefix, NULL, NULL));
  CHECK(napi_get_typedarray_info(env, arguments[2], NULL, &elements, (void **)&job.data, NULL, NULL));
  CHECK(napi_get_value_double(env, arguments[3], &chunk_bytes));
  CHECK(napi_get_typedarray_info(env, arguments[4], NULL, NULL, (void **)&job.out, NULL, NULL));
  job.bytes = elements * 4;
  job.chunk_bytes = (size_t)chunk_bytes;
  pol_hash_chunks(pool, &job);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"variants", NULL, list_variants, NULL, NULL, NULL, napi_enumerable, NULL},
      {"createPool", NULL, create_pool, NULL, NULL, NULL, napi_enumerable, NULL},
      {"createArena", NULL, create_arena, NULL, NULL, NULL, napi_enumerable, NULL},
      {"run", NULL, run_kernel, NULL, NULL, NULL, napi_enumerable, NULL},
      {"releaseArena", NULL, release_arena, NULL, NULL, NULL, napi_enumerable, NULL},
      {"canHash", NULL, can_hash, NULL, NULL, NULL, napi_enumerable, NULL},
      {"hashChunks", NULL, hash_chunks, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  CHECK(napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties));
  return exports;
}
