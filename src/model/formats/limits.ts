/** A safetensors header's length, as its reference implementation bounds it. */
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000;
/** A GGUF file's metadata: vocabularies of a million tokens stay far below. */
export const MAX_GGUF_HEADER_BYTES = 2 ** 28;
export const MAX_GGUF_ENTRIES = 65_536;
export const MAX_GGUF_DIMENSIONS = 4;
/** Arrays of arrays, which nobody writes. */
export const MAX_GGUF_ARRAY_DEPTH = 4;
/** Tensors in one checkpoint, whatever its format. */
export const MAX_TENSORS = 100_000;
export const MAX_CONFIG_BYTES = 2 ** 22;
export const MAX_SHARDS = 1_024;
/** Values converted at once: bounds what reading and writing need beside the vector. A multiple of every block length. */
export const PIECE_VALUES = 2 ** 18;
