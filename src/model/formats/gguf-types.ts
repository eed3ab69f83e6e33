import type { TensorType } from './encoding.ts';

/*
 * GGUF (ggml-org/ggml, docs/gguf.md), version 3, little-endian.
 */

export const GGUF_MAGIC = 0x46554747;
export const GGUF_VERSION = 3;
export const GGUF_DEFAULT_ALIGNMENT = 32;

/** Types of metadata values, by their numbers in a file. */
export const GgufType = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

export type GgufScalar = number | bigint | boolean | string;
/** Numbers of 64 bits are bigint. */
export type GgufValue = GgufScalar | readonly GgufValue[];

/** Numbers of tensor types that this program reads and writes (ggml.h, enum ggml_type). */
export const GGML_TYPES: Readonly<Record<TensorType, number>> = { f32: 0, f16: 1, q8_0: 8, bf16: 30 };

/** What most tensors are, as `general.file_type` names it (llama.h, enum llama_ftype). */
export const GGUF_FILE_TYPES: Readonly<Record<TensorType, number>> = { f32: 0, f16: 1, q8_0: 7, bf16: 32 };
