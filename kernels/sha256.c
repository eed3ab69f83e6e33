/*
 * Two chunks at a time: a round's latency is longer than its turn, so two independent chains take little longer than one.
 * Intel SHA extensions; elsewhere the caller hashes with the library it has.
 */
#include "sha256.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define BLOCK_BYTES 64
#define STREAMS 2
#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#define UNROLLED _Pragma("GCC unroll 16")

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The eight words as the instructions want them: A, B, E, F and C, D, G, H, from the highest lane down. */
typedef struct {
  __m128i abef, cdgh;
} State;

/* Takes `blocks` blocks into each of n states; data[s] advances. */
static inline __attribute__((always_inline)) TARGET void compress(const int n, State *states, const uint8_t **data, size_t blocks) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  for (; blocks > 0; blocks--) {
    State now[STREAMS];
    __m128i message[STREAMS][4];
    for (int s = 0; s < n; s++) {
      now[s] = states[s];
      for (int i = 0; i < 4; i++) message[s][i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data[s] + i), swap);
      data[s] += BLOCK_BYTES;
    }
    UNROLLED for (int i = 0; i < 16; i++) {
      const __m128i constants = _mm_load_si128((const __m128i *)round_constants + i);
      for (int s = 0; s < n; s++) {
        __m128i *m = message[s];
        const __m128i words = _mm_add_epi32(m[i % 4], constants);
        now[s].cdgh = _mm_sha256rnds2_epu32(now[s].cdgh, now[s].abef, words);
        now[s].abef = _mm_sha256rnds2_epu32(now[s].abef, now[s].cdgh, _mm_shuffle_epi32(words, 0x0e));
        if (i < 12) {
          const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(m[i % 4], m[(i + 1) % 4]), _mm_alignr_epi8(m[(i + 3) % 4], m[(i + 2) % 4], 4));
          m[i % 4] = _mm_sha256msg2_epu32(sum, m[(i + 3) % 4]);
        }
      }
    }
    for (int s = 0; s < n; s++) {
      states[s].abef = _mm_add_epi32(states[s].abef, now[s].abef);
      states[s].cdgh = _mm_add_epi32(states[s].cdgh, now[s].cdgh);
    }
  }
}

static void store_hash(uint8_t *out, State state) {
  uint32_t high[4], low[4];
  _mm_storeu_si128((__m128i *)high, state.abef);
  _mm_storeu_si128((__m128i *)low, state.cdgh);
  const uint32_t words[8] = {high[3], high[2], low[3], low[2], high[1], high[0], low[1], low[0]};
  for (int i = 0; i < 8; i++) {
    const uint32_t word = __builtin_bswap32(words[i]);
    memcpy(out + 4 * i, &word, 4);
  }
}

/* n chunks of `length` bytes each, `length` at least POL_HASH_BYTES or n = 1. */
static inline __attribute__((always_inline)) TARGET void hash_chunks(const int n, const PolHashJob *job, size_t first, size_t length) {
  State states[STREAMS];
  uint8_t edges[STREAMS][3 * BLOCK_BYTES];
  const uint8_t *data[STREAMS];
  const size_t head = length < BLOCK_BYTES - POL_HASH_BYTES ? length : BLOCK_BYTES - POL_HASH_BYTES;
  const size_t blocks = (length - head) / BLOCK_BYTES, rest = length - head - blocks * BLOCK_BYTES;
  const uint64_t bits = __builtin_bswap64((POL_HASH_BYTES + length) * 8);
  /* The first block is prefix and head; a chunk shorter than that ends in it, padded. */
  const int ends_early = head < BLOCK_BYTES - POL_HASH_BYTES;
  const size_t used = ends_early ? POL_HASH_BYTES + head : rest;
  const size_t tail_blocks = used + 9 <= BLOCK_BYTES ? 1 : 2;
  for (int s = 0; s < n; s++) {
    states[s] = (State){_mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
                        _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19)};
    const uint8_t *chunk = job->data + (first + (size_t)s) * job->chunk_bytes;
    uint8_t *tail = ends_early ? edges[s] : edges[s] + BLOCK_BYTES;
    memset(edges[s], 0, sizeof edges[s]);
    memcpy(edges[s], job->prefix, POL_HASH_BYTES);
    memcpy(edges[s] + POL_HASH_BYTES, chunk, head);
    if (!ends_early) memcpy(tail, chunk + length - rest, rest);
    tail[used] = 0x80;
    memcpy(tail + tail_blocks * BLOCK_BYTES - 8, &bits, 8);
    data[s] = edges[s];
  }
  if (!ends_early) {
    compress(n, states, data, 1);
    for (int s = 0; s < n; s++) data[s] = job->data + (first + (size_t)s) * job->chunk_bytes + head;
    compress(n, states, data, blocks);
    for (int s = 0; s < n; s++) data[s] = edges[s] + BLOCK_BYTES;
  }
  compress(n, states, data, tail_blocks);
  for (int s = 0; s < n; s++) store_hash(job->out + (first + (size_t)s) * POL_HASH_BYTES, states[s]);
}

static TARGET void hash_task(void *argument, long unit, int thread) {
  (void)thread;
  const PolHashJob *job = argument;
  const size_t first = (size_t)unit * STREAMS;
  if ((first + STREAMS) * job->chunk_bytes <= job->bytes) {
    hash_chunks(STREAMS, job, first, job->chunk_bytes);
    return;
  }
  for (size_t chunk = first; chunk * job->chunk_bytes < job->bytes; chunk++) {
    const size_t left = job->bytes - chunk * job->chunk_bytes;
    hash_chunks(1, job, chunk, left < job->chunk_bytes ? left : job->chunk_bytes);
  }
}

int pol_can_hash(void) {
  /* __builtin_cpu_supports does not know the SHA extensions in every compiler: leaf 7, EBX bit 29. */
  uint32_t a = 7, b, c = 0, d;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (b >> 29 & 1) && __builtin_cpu_supports("sse4.1");
}

void pol_hash_chunks(PolPool *pool, PolHashJob *job) {
  const size_t chunks = (job->bytes + job->chunk_bytes - 1) / job->chunk_bytes;
  pol_parallel(pool, hash_task, job, (long)((chunks + STREAMS - 1) / STREAMS));
}
#else
int pol_can_hash(void) { return 0; }

void pol_hash_chunks(PolPool *pool, PolHashJob *job) { (void)pool, (void)job; }
#endif
