import { utf8 } from '../../primitives/bytes.ts';
import { messageOf } from '../../primitives/errors.ts';
import type { ByteSource } from './byte-source.ts';
import type { StoredTensor } from './checkpoint.ts';
import { encodedBytes, type TensorType } from './encoding.ts';
import { formatError } from './errors.ts';
import { MAX_SAFETENSORS_HEADER_BYTES, MAX_TENSORS } from './limits.ts';
import { encodedPieces, readTensor } from './tensor-data.ts';

/*
 * safetensors (huggingface/safetensors, README "Format"): u64 length of the header, the header as JSON padded with spaces to a multiple
 * of eight bytes, then the tensors' bytes, little-endian, without gaps.
 */

type SafetensorsType = Exclude<TensorType, 'q8_0'>;

const DTYPES = { f32: 'F32', f16: 'F16', bf16: 'BF16' } as const satisfies Record<SafetensorsType, string>;
const TYPES = new Map<unknown, SafetensorsType>([
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
]);
const LENGTH_BYTES = 8;
const HEADER_ALIGNMENT = 8;

export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The bytes of a file with these tensors in this order, piece by piece; a piece is valid until the next is asked for. */
export function* safetensorsPieces(
  tensors: readonly TensorToWrite[],
  type: SafetensorsType,
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  let offset = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const begin = offset;
    offset += encodedBytes(type, values.length);
    return [name, { dtype: DTYPES[type], shape, data_offsets: [begin, offset] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const bytes = utf8(json);
  const header = new Uint8Array(Math.ceil(bytes.length / HEADER_ALIGNMENT) * HEADER_ALIGNMENT).fill(0x20);
  header.set(bytes);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  yield length;
  yield header;
  for (const { values } of tensors) yield* encodedPieces(type, values);
}

/** The tensors of a file, by name. @throws FORMAT_INVALID, FORMAT_UNSUPPORTED naming the tensor */
export async function readSafetensors(source: ByteSource): Promise<ReadonlyMap<string, StoredTensor>> {
  const { name: file } = source;
  const lengthBytes = await source.read(0, LENGTH_BYTES);
  const length = new DataView(lengthBytes.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_SAFETENSORS_HEADER_BYTES) || Number(length) > source.size - LENGTH_BYTES) {
    throw formatError('FORMAT_INVALID', `${file} names a header of ${length} bytes and has ${source.size}: it is no safetensors file`);
  }
  const dataAt = LENGTH_BYTES + Number(length);
  const entries = Object.entries(parseHeader(await source.read(LENGTH_BYTES, Number(length)), file));
  if (entries.length > MAX_TENSORS)
    throw formatError('FORMAT_INVALID', `${file} names ${entries.length} tensors; the limit is ${MAX_TENSORS}`);
  const tensors = new Map<string, StoredTensor>();
  const places: Place[] = [];
  for (const [name, entry] of entries) {
    if (name === '__metadata__') continue;
    const { type, shape, begin, end } = parseEntry(entry, name, file);
    places.push({ name, begin, end });
    tensors.set(name, { name, shape, read: (out) => readTensor(source, dataAt + begin, type, out) });
  }
  requireNoGaps(places, source.size - dataAt, file);
  return tensors;
}

function parseHeader(bytes: Uint8Array, file: string): object {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw formatError('FORMAT_INVALID', `${file}: its header is not JSON (${messageOf(cause)}): it is no safetensors file`, { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw formatError('FORMAT_INVALID', `${file}: its header is not a JSON object`);
  }
  return header;
}

function parseEntry(entry: unknown, name: string, file: string) {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (typeof entry === 'object' && entry !== null ? entry : {}) as Readonly<Record<string, unknown>>;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount) || !Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw formatError('FORMAT_INVALID', `${file}: tensor ${name}: shape or data_offsets are not numbers`);
  }
  const type = TYPES.get(dtype);
  if (type === undefined)
    throw formatError('FORMAT_UNSUPPORTED', `${file}: tensor ${name}: dtype ${String(dtype)} is none of F32, F16 and BF16`);
  const [begin, end] = offsets as [number, number];
  const values = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(values) || end - begin !== encodedBytes(type, values)) {
    throw formatError(
      'FORMAT_INVALID',
      `${file}: tensor ${name}: data_offsets [${begin}, ${end}] do not hold ${dtype} values of shape [${shape.join(', ')}]`,
    );
  }
  return { type, shape: shape as readonly number[], begin, end };
}

interface Place {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function requireNoGaps(places: readonly Place[], dataBytes: number, file: string): void {
  let at = 0;
  for (const { name, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      throw formatError('FORMAT_INVALID', `${file}: tensor ${name} begins at ${begin}, not at ${at}: tensors overlap or leave a gap`);
    at = end;
  }
  if (at !== dataBytes)
    throw formatError('FORMAT_INVALID', `${file}: its tensors take ${at} bytes, and ${dataBytes} are there: it is cut off or has more`);
}
