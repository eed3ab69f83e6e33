import { concatBytes, utf8 } from '../../primitives/bytes.ts';
import { encodedBytes, Q8_BLOCK, type TensorType } from './encoding.ts';
import { GGML_TYPES, GGUF_DEFAULT_ALIGNMENT, GGUF_MAGIC, GGUF_VERSION, GgufType } from './gguf-types.ts';
import type { TensorToWrite } from './safetensors.ts';
import { encodedPieces } from './tensor-data.ts';

/** A metadata value with its type in the file. */
export type GgufEntry =
  | { readonly type: 'uint32' | 'int32' | 'float32'; readonly value: number }
  | { readonly type: 'uint64'; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s'; readonly value: readonly number[] }
  | { readonly type: 'float32s'; readonly value: readonly number[] };

export interface GgufTensorToWrite extends TensorToWrite {
  readonly type: TensorType;
}

/**
 * The type a tensor is written as: vectors stay f32, as every reader expects of norms; rows that q8_0's blocks do not divide are f16.
 * @param shape outermost first
 */
export function ggufTensorType(wanted: TensorType, shape: readonly number[]): TensorType {
  if (shape.length < 2) return 'f32';
  return wanted === 'q8_0' && (shape.at(-1) as number) % Q8_BLOCK !== 0 ? 'f16' : wanted;
}

/** The bytes of a GGUF file, piece by piece; a piece is valid until the next is asked for. Entries and tensors keep their order. */
export function* ggufPieces(
  entries: readonly (readonly [key: string, entry: GgufEntry])[],
  tensors: readonly GgufTensorToWrite[],
): Generator<Uint8Array> {
  const parts: Uint8Array[] = [u32(GGUF_MAGIC), u32(GGUF_VERSION), u64(tensors.length), u64(entries.length)];
  for (const [key, entry] of entries) parts.push(text(key), encodeEntry(entry));
  let offset = 0;
  for (const { name, shape, type, values } of tensors) {
    // Dimensions are innermost first here.
    parts.push(text(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(GGML_TYPES[type]), u64(offset));
    offset += aligned(encodedBytes(type, values.length));
  }
  const header = concatBytes(...parts);
  yield header;
  yield new Uint8Array(aligned(header.length) - header.length);
  for (const { type, values } of tensors) {
    yield* encodedPieces(type, values);
    const bytes = encodedBytes(type, values.length);
    yield new Uint8Array(aligned(bytes) - bytes);
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / GGUF_DEFAULT_ALIGNMENT) * GGUF_DEFAULT_ALIGNMENT;

function encodeEntry(entry: GgufEntry): Uint8Array {
  switch (entry.type) {
    case 'uint32':
      return concatBytes(u32(GgufType.uint32), u32(entry.value));
    case 'int32':
      return concatBytes(u32(GgufType.int32), i32(entry.value));
    case 'float32':
      return concatBytes(u32(GgufType.float32), f32(entry.value));
    case 'uint64':
      return concatBytes(u32(GgufType.uint64), u64(entry.value));
    case 'bool':
      return concatBytes(u32(GgufType.bool), Uint8Array.of(entry.value ? 1 : 0));
    case 'string':
      return concatBytes(u32(GgufType.string), text(entry.value));
    case 'strings':
      return array(GgufType.string, entry.value.map(text));
    case 'int32s':
      return array(GgufType.int32, entry.value.map(i32));
    case 'float32s':
      return array(GgufType.float32, entry.value.map(f32));
  }
}

function array(type: number, items: readonly Uint8Array[]): Uint8Array {
  return concatBytes(u32(GgufType.array), u32(type), u64(items.length), ...items);
}

function text(value: string): Uint8Array {
  const bytes = utf8(value);
  return concatBytes(u64(bytes.length), bytes);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function i32(value: number): Uint8Array {
  return u32(value >>> 0);
}

function f32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}

function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
