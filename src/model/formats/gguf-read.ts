import type { ByteSource } from './byte-source.ts';
import type { StoredTensor } from './checkpoint.ts';
import { encodedBytes, Q8_BLOCK, type TensorType } from './encoding.ts';
import { formatError } from './errors.ts';
import { GGML_TYPES, GGUF_DEFAULT_ALIGNMENT, GGUF_MAGIC, GgufType, type GgufValue } from './gguf-types.ts';
import { MAX_GGUF_ARRAY_DEPTH, MAX_GGUF_DIMENSIONS, MAX_GGUF_ENTRIES, MAX_GGUF_HEADER_BYTES, MAX_TENSORS } from './limits.ts';
import { readTensor } from './tensor-data.ts';

export interface GgufFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

const FIRST_READ_BYTES = 2 ** 20;
/** Version 2 differs from 3 in nothing that a little-endian reader sees. */
const VERSIONS = new Set([2, 3]);
const TYPES = new Map(Object.entries(GGML_TYPES).map(([type, number]) => [number, type as TensorType]));

/** Metadata and tensors of a file. @throws FORMAT_INVALID, FORMAT_UNSUPPORTED naming the key or tensor */
export async function readGguf(source: ByteSource): Promise<GgufFile> {
  // How long the metadata is stands nowhere: more is read until it parses.
  for (let length = FIRST_READ_BYTES; ; length *= 4) {
    const whole = length >= Math.min(source.size, MAX_GGUF_HEADER_BYTES);
    const bytes = await source.read(0, Math.min(length, source.size, MAX_GGUF_HEADER_BYTES));
    try {
      return parse(bytes, source);
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      if (whole) throw invalid(source, `its metadata does not end within ${bytes.length} bytes: it is cut off`);
    }
  }
}

/** The metadata goes on beyond the bytes at hand. */
class EndOfBytes extends Error {}

interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly offset: number;
}

function parse(bytes: Uint8Array, source: ByteSource): GgufFile {
  const cursor = createCursor(bytes, source);
  if (cursor.uint32() !== GGUF_MAGIC) throw invalid(source, 'it does not begin with GGUF');
  const version = cursor.uint32();
  if (!VERSIONS.has(version)) throw formatError('FORMAT_UNSUPPORTED', `${source.name}: GGUF version ${version}; versions 2 and 3 are read`);
  const tensorCount = cursor.count('tensors', MAX_TENSORS);
  const entryCount = cursor.count('metadata entries', MAX_GGUF_ENTRIES);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entryCount; i++) {
    const key = cursor.text();
    if (metadata.has(key)) throw invalid(source, `key ${key} stands twice`);
    metadata.set(key, cursor.value(cursor.uint32(), 0));
  }
  const infos: TensorInfo[] = [];
  for (let i = 0; i < tensorCount; i++) {
    const name = cursor.text();
    const dimensions = cursor.uint32();
    if (dimensions > MAX_GGUF_DIMENSIONS) throw invalid(source, `tensor ${name} has ${dimensions} dimensions`);
    const shape = Array.from({ length: dimensions }, () => cursor.count(`rows of ${name}`, Number.MAX_SAFE_INTEGER)).reverse();
    infos.push({ name, shape, type: cursor.uint32(), offset: cursor.count(`offset of ${name}`, Number.MAX_SAFE_INTEGER) });
  }
  const alignment = metadata.get('general.alignment') ?? GGUF_DEFAULT_ALIGNMENT;
  if (typeof alignment !== 'number' || !(alignment >= 8 && alignment % 8 === 0 && alignment <= 2 ** 20)) {
    throw invalid(source, `general.alignment is ${String(alignment)}`);
  }
  const dataAt = Math.ceil(cursor.at() / alignment) * alignment;
  const tensors = new Map<string, StoredTensor>();
  for (const info of infos) {
    if (tensors.has(info.name)) throw invalid(source, `tensor ${info.name} stands twice`);
    tensors.set(info.name, tensorOf(info, dataAt, alignment, source));
  }
  return { metadata, tensors };
}

function tensorOf({ name, shape, type: number, offset }: TensorInfo, dataAt: number, alignment: number, source: ByteSource): StoredTensor {
  const type = TYPES.get(number);
  if (type === undefined) {
    throw formatError('FORMAT_UNSUPPORTED', `${source.name}: tensor ${name} has ggml type ${number}; f32, f16, bf16 and q8_0 are read`);
  }
  const values = shape.reduce((product, size) => product * size, 1);
  if (type === 'q8_0' && (shape.at(-1) ?? 0) % Q8_BLOCK !== 0)
    throw invalid(source, `tensor ${name} is q8_0 with rows of ${shape.at(-1)} values`);
  const end = dataAt + offset + encodedBytes(type, values);
  if (!Number.isSafeInteger(values) || offset % alignment !== 0 || !(end <= source.size)) {
    throw invalid(
      source,
      `tensor ${name} of shape [${shape.join(', ')}] ends at byte ${end} of ${source.size}, or is not aligned: the file is cut off`,
    );
  }
  return { name, shape, read: (out) => readTensor(source, dataAt + offset, type, out) };
}

function createCursor(bytes: Uint8Array, source: ByteSource) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let at = 0;
  const skip = (length: number): number => {
    if (at + length > bytes.length) throw new EndOfBytes();
    at += length;
    return at - length;
  };

  const cursor = {
    at: () => at,
    uint32: () => view.getUint32(skip(4), true),
    /** A u64 that counts something, of which no more than `most` are there. */
    count(what: string, most: number): number {
      const value = view.getBigUint64(skip(8), true);
      if (value > BigInt(most)) throw invalid(source, `it names ${value} ${what}; the limit is ${most}`);
      return Number(value);
    },
    text(): string {
      const length = cursor.count('bytes of a text', MAX_GGUF_HEADER_BYTES);
      const from = skip(length);
      try {
        return decoder.decode(bytes.subarray(from, at));
      } catch (cause) {
        throw formatError('FORMAT_INVALID', `${source.name}: a text at byte ${from} is not UTF-8`, { cause });
      }
    },
    value(type: number, depth: number): GgufValue {
      switch (type) {
        case GgufType.uint8:
          return view.getUint8(skip(1));
        case GgufType.int8:
          return view.getInt8(skip(1));
        case GgufType.uint16:
          return view.getUint16(skip(2), true);
        case GgufType.int16:
          return view.getInt16(skip(2), true);
        case GgufType.uint32:
          return view.getUint32(skip(4), true);
        case GgufType.int32:
          return view.getInt32(skip(4), true);
        case GgufType.float32:
          return view.getFloat32(skip(4), true);
        case GgufType.bool:
          return view.getUint8(skip(1)) !== 0;
        case GgufType.string:
          return cursor.text();
        case GgufType.uint64:
          return view.getBigUint64(skip(8), true);
        case GgufType.int64:
          return view.getBigInt64(skip(8), true);
        case GgufType.float64:
          return view.getFloat64(skip(8), true);
        case GgufType.array: {
          if (depth >= MAX_GGUF_ARRAY_DEPTH) throw invalid(source, 'its metadata has arrays in arrays in arrays');
          const itemType = cursor.uint32();
          const length = cursor.count('items of an array', MAX_GGUF_HEADER_BYTES);
          const items: GgufValue[] = [];
          for (let i = 0; i < length; i++) items.push(cursor.value(itemType, depth + 1));
          return items;
        }
        default:
          throw invalid(source, `a metadata value has type ${type}`);
      }
    },
  };
  return cursor;
}

function invalid(source: ByteSource, what: string) {
  return formatError('FORMAT_INVALID', `${source.name}: ${what}`);
}
