/* SHA-256 (FIPS 180-4) of many chunks on a pool's threads, where the processor has instructions for it. */
#ifndef POL_SHA256_H
#define POL_SHA256_H

#include "runtime.h"

#define POL_HASH_BYTES 32

/* What is hashed: prefix ‖ chunk for each chunk of `bytes` bytes at `data`; the last chunk may be shorter. */
typedef struct {
  const uint8_t *prefix; /* POL_HASH_BYTES */
  const uint8_t *data;
  size_t bytes, chunk_bytes; /* chunk_bytes ≥ POL_HASH_BYTES */
  uint8_t *out;              /* POL_HASH_BYTES for each chunk */
} PolHashJob;

/* 1 when pol_hash_chunks can run here. */
int pol_can_hash(void);
void pol_hash_chunks(PolPool *pool, PolHashJob *job);

#endif
