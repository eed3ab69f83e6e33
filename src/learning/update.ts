import { littleEndianBytes, vectorFromBytes } from './chunks.ts';
import { learningError } from './errors.ts';
import type { Update } from './update-format.ts';

/** Values that share a scale: 1/32 byte of overhead a value, and one outlier spoils 127 neighbours at most. */
export const UPDATE_BLOCK_VALUES = 128;
const LARGEST_LEVEL = 127;
/** Scales below the smallest normal f32 lose digits themselves; such a block is zero. */
const MIN_SCALE = 2 ** -126;
/** Weights stay within ±2^50 (docs/numerics.md), so a difference within 2^51 and a 127th of it well below this. */
const MAX_SCALE = 2 ** 45;
/** Adding and subtracting 1.5·2^23 in f32 rounds |x| < 2^22 to the nearest integer, ties to even. */
const ROUNDING_SHIFT = 12_582_912;

/** "polU", version 1. */
const MAGIC = Uint8Array.of(0x70, 0x6f, 0x6c, 0x55, 0, 0, 0, 1);
const HEADER_BYTES = 16;

/** Blockwise quantised vector: value i is scales[floor(i / UPDATE_BLOCK_VALUES)] · values[i]. */
export interface QuantisedUpdate {
  readonly scales: Float32Array;
  readonly values: Int8Array;
}

/** Bytes of an encoded update. */
export function updateByteLength(parameters: number): number {
  return HEADER_BYTES + blocksOf(parameters) * 4 + parameters;
}

/**
 * Quantises start − end. For each block, every operation in f32:
 *   x = start − end;  scale = max |x| / 127, or 0 with all values 0 when that is below 2^-126;
 *   value = x / scale, rounded to the nearest integer (ties to even), within ±127.
 * The largest |x| always becomes ±127, which the decoder demands, so that a vector has one encoding.
 * @throws LEARNING_UPDATE_INVALID when a difference is not finite or beyond ±2^51: such weights are out of the exact range
 */
export function quantiseUpdate(start: Float32Array, end: Float32Array): QuantisedUpdate {
  const count = start.length;
  if (count !== end.length) {
    throw learningError('LEARNING_UPDATE_INVALID', `start has ${count} weights and end has ${end.length}; both must be of one model`);
  }
  const scales = new Float32Array(blocksOf(count));
  const values = new Int8Array(count);
  const fround = Math.fround;
  for (let block = 0; block < scales.length; block++) {
    const from = block * UPDATE_BLOCK_VALUES;
    const to = Math.min(from + UPDATE_BLOCK_VALUES, count);
    let largest = 0;
    for (let i = from; i < to; i++) {
      const size = Math.abs(fround((start[i] as number) - (end[i] as number)));
      // Once NaN, `largest` stays NaN: no size compares greater.
      if (size > largest || Number.isNaN(size)) largest = size;
    }
    const scale = fround(largest / LARGEST_LEVEL);
    if (!(scale <= MAX_SCALE)) {
      throw learningError('LEARNING_UPDATE_INVALID', `weights ${from} to ${to - 1} moved out of the exact range; discard this training`);
    }
    if (scale < MIN_SCALE) continue;
    scales[block] = scale;
    for (let i = from; i < to; i++) {
      const ratio = fround(fround((start[i] as number) - (end[i] as number)) / scale);
      const level = fround(fround(ratio + ROUNDING_SHIFT) - ROUNDING_SHIFT);
      values[i] = level > LARGEST_LEVEL ? LARGEST_LEVEL : level < -LARGEST_LEVEL ? -LARGEST_LEVEL : level;
    }
  }
  return { scales, values };
}

/** magic and version (8) ‖ parameter count (u64, big-endian) ‖ scales (little-endian f32) ‖ values (int8). */
export function encodeUpdate(update: QuantisedUpdate): Uint8Array {
  const out = new Uint8Array(updateByteLength(update.values.length));
  out.set(MAGIC, 0);
  new DataView(out.buffer).setBigUint64(8, BigInt(update.values.length));
  out.set(littleEndianBytes(update.scales), HEADER_BYTES);
  out.set(bytesOf(update.values), HEADER_BYTES + update.scales.byteLength);
  return out;
}

/**
 * Reads an update of `parameters` values; the result may be a view of `bytes`. Accepts what encodeUpdate gives and nothing else:
 * 1. the length, magic, version and count are exact;
 * 2. a scale is +0 or within [2^-126, 2^45]: no -0, NaN, infinity, denormal or negative;
 * 3. a value is within ±127;
 * 4. a block with scale 0 holds zeros only; any other holds a ±127.
 * @throws LEARNING_UPDATE_INVALID naming what is wrong
 */
export function decodeUpdate(bytes: Uint8Array, parameters: number): QuantisedUpdate {
  const expected = updateByteLength(parameters);
  if (bytes.length !== expected) throw invalid(`it has ${bytes.length} bytes and not ${expected}`);
  for (let i = 0; i < MAGIC.length; i++) if (bytes[i] !== MAGIC[i]) throw invalid('its magic or version is unknown');
  const count = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8);
  if (count !== BigInt(parameters)) throw invalid(`it is of ${count} parameters and not ${parameters}`);

  const scaleBytes = blocksOf(parameters) * 4;
  const scales = vectorFromBytes(bytes.subarray(HEADER_BYTES, HEADER_BYTES + scaleBytes));
  const tail = bytes.subarray(HEADER_BYTES + scaleBytes);
  const values = new Int8Array(tail.buffer, tail.byteOffset, tail.length);
  for (let block = 0; block < scales.length; block++) {
    const scale = scales[block] as number;
    if (!Object.is(scale, 0) && !(scale >= MIN_SCALE && scale <= MAX_SCALE)) throw invalid(`the scale of block ${block} is ${scale}`);
    const from = block * UPDATE_BLOCK_VALUES;
    const to = Math.min(from + UPDATE_BLOCK_VALUES, parameters);
    let largest = 0;
    for (let i = from; i < to; i++) largest = Math.max(largest, Math.abs(values[i] as number));
    if (largest !== (scale === 0 ? 0 : LARGEST_LEVEL)) throw invalid(`block ${block} has scale ${scale} and largest value ${largest}`);
  }
  return { scales, values };
}

/** A decoded update as merging takes it. */
export function denseUpdate(update: QuantisedUpdate): Update {
  return {
    norm: () => updateNorm(update),
    largest: () => largestMagnitude(update),
    addTo: (sum, factor) => accumulate(sum, update, factor),
    carried: undefined,
  };
}

/** The largest |value| in an update, f64. */
function largestMagnitude(update: QuantisedUpdate): number {
  let largest = 0;
  for (const scale of update.scales) if (scale > largest) largest = scale;
  return largest * LARGEST_LEVEL;
}

/**
 * L2 norm. Over blocks ascending, f64: sum = sum + (scale·scale)·(Σ value², an exact integer); then the square root.
 * IEEE-754 doubles, so the same bits in every engine.
 */
export function updateNorm(update: QuantisedUpdate): number {
  const { scales, values } = update;
  let sum = 0;
  for (let block = 0; block < scales.length; block++) {
    const scale = scales[block] as number;
    const to = Math.min((block + 1) * UPDATE_BLOCK_VALUES, values.length);
    let squares = 0;
    for (let i = block * UPDATE_BLOCK_VALUES; i < to; i++) {
      const value = values[i] as number;
      squares += value * value;
    }
    sum += scale * scale * squares;
  }
  return Math.sqrt(sum);
}

/** sum_i = sum_i + f32(f32(factor · scale) · value_i), in f32. */
function accumulate(sum: Float32Array, update: QuantisedUpdate, factor: number): void {
  const { scales, values } = update;
  const fround = Math.fround;
  for (let block = 0; block < scales.length; block++) {
    const scale = fround(factor * (scales[block] as number));
    const to = Math.min((block + 1) * UPDATE_BLOCK_VALUES, values.length);
    for (let i = block * UPDATE_BLOCK_VALUES; i < to; i++) {
      sum[i] = fround((sum[i] as number) + fround(scale * (values[i] as number)));
    }
  }
}

const blocksOf = (parameters: number): number => Math.ceil(parameters / UPDATE_BLOCK_VALUES);
const bytesOf = (values: Int8Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.length);
const invalid = (why: string) => learningError('LEARNING_UPDATE_INVALID', `the update is not canonical: ${why}`);
