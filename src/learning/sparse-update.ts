import { concatBytes, uint64BE } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { learningError } from './errors.ts';

/** Values among which the largest are kept. An index in a block has 12 bits: with a level of 4 an entry is two bytes. */
export const SPARSE_BLOCK_VALUES = 4096;
const LARGEST_LEVEL = 7;
const LEVEL_BITS = 4;
/** Scales below the smallest normal f32 lose digits themselves; such a block is zero. */
const MIN_SCALE = 2 ** -126;
/** What is sent stays within ±2^51, as in a dense update; a seventh of it is below this. */
const MAX_MAGNITUDE = 2 ** 51;
const MAX_SCALE = 2 ** 49;
/** As in update.ts: rounds |x| < 2^22 to the nearest integer, ties to even. */
const ROUNDING_SHIFT = 12_582_912;
const SIGN_MASK = 0x7fff_ffff;

/** "polS", version 1. */
const MAGIC = Uint8Array.of(0x70, 0x6f, 0x6c, 0x53, 0, 0, 0, 1);
const COUNT_AT = MAGIC.length;
const BEFORE_AT = COUNT_AT + 8;
const HASH_BYTES = 32;
const AFTER_AT = BEFORE_AT + HASH_BYTES;
const HEADER_BYTES = AFTER_AT + HASH_BYTES;
const SCALE_BYTES = 4;
const ENTRY_BYTES = 2;

export interface SparseShape {
  readonly parameters: number;
  /** Values kept of each whole block; of the last, shorter one the same share, rounded up. */
  readonly keep: number;
}

/**
 * The largest values of each block: value `indices[n]` of a vector is scales[block] · levels[n]; those of block b are entries
 * firstEntry(b) up to firstEntry(b + 1), ascending.
 */
export interface SparseValues {
  readonly scales: Float32Array;
  readonly indices: Uint32Array;
  readonly levels: Int8Array;
}

/** Roots of the feedback vector (`quantiseSparse`) that the update was made with, and of what it left. */
export interface Feedback {
  readonly before: Hash;
  readonly after: Hash;
}

/** Bytes of an encoded update: two for each value kept, four for each block. */
export function sparseUpdateByteLength(shape: SparseShape): number {
  return HEADER_BYTES + blocksOf(shape) * SCALE_BYTES + entriesOf(shape) * ENTRY_BYTES;
}

/**
 * Chooses what of a round's movement is sent, and what is kept back for a later round (error feedback, arXiv:1901.09847; blockwise
 * with few bits as in arXiv:2508.15706). In f32, for each block of `total`, which becomes what is kept back:
 *   chosen: the `keep` largest |total|, of equal ones those with the lower index;
 *   scale = max |total| / 7, or 0 with all levels 0 and the first indices chosen when that is below 2^-126;
 *   level = total / scale of the chosen, rounded to the nearest integer (ties to even), within ±7;
 *   total = total − scale · level of the chosen.
 * @param total [parameters] what could be sent; changed in place
 * @throws LEARNING_UPDATE_INVALID when a value is not finite or beyond ±2^51: such weights are out of the exact range
 */
export function quantiseSparse(total: Float32Array, keep: number): SparseValues {
  const shape = { parameters: total.length, keep };
  const scales = new Float32Array(blocksOf(shape));
  const indices = new Uint32Array(entriesOf(shape));
  const levels = new Int8Array(indices.length);
  const words = new Uint32Array(total.buffer, total.byteOffset, total.length);
  const sizes = new Uint32Array(Math.min(SPARSE_BLOCK_VALUES, total.length));
  const fround = Math.fround;
  for (let block = 0; block < scales.length; block++) {
    const { from, to, entry, count } = spanOf(shape, block);
    const sorted = sizes.subarray(0, to - from);
    // The bits of |x| are in the order of |x|, NaN above all.
    for (let i = from; i < to; i++) sorted[i - from] = (words[i] as number) & SIGN_MASK;
    sorted.sort();
    const largest = bitsToFloat(sorted[sorted.length - 1] as number);
    if (!(largest <= MAX_MAGNITUDE)) {
      throw learningError('LEARNING_UPDATE_INVALID', `weights ${from} to ${to - 1} moved out of the exact range; discard this training`);
    }
    const scale = fround(largest / LARGEST_LEVEL);
    if (scale < MIN_SCALE) {
      for (let n = 0; n < count; n++) indices[entry + n] = from + n;
      continue;
    }
    scales[block] = scale;
    const least = sorted[sorted.length - count] as number;
    let ties = count;
    for (let n = sorted.length - 1; n >= 0 && (sorted[n] as number) > least; n--) ties--;
    let n = entry;
    for (let i = from; i < to; i++) {
      const size = (words[i] as number) & SIGN_MASK;
      if (size < least || (size === least && ties-- <= 0)) continue;
      const value = total[i] as number;
      const level = clampLevel(fround(fround(fround(value / scale) + ROUNDING_SHIFT) - ROUNDING_SHIFT));
      indices[n] = i;
      levels[n++] = level;
      total[i] = fround(value - fround(scale * level));
    }
  }
  return { scales, indices, levels };
}

/**
 * magic and version (8) ‖ parameter count (u64, big-endian) ‖ feedback's root before and after ‖ for each block: scale (little-endian
 * f32), then its entries (little-endian u16: place in the block · 16 + level in two's complement of 4 bits).
 */
export function encodeSparseUpdate(shape: SparseShape, { scales, indices, levels }: SparseValues, feedback: Feedback): Uint8Array {
  const head = concatBytes(MAGIC, uint64BE(shape.parameters), feedback.before, feedback.after);
  const out = new Uint8Array(sparseUpdateByteLength(shape));
  out.set(head, 0);
  const view = new DataView(out.buffer);
  let at = head.length;
  for (let block = 0; block < scales.length; block++) {
    const { from, entry, count } = spanOf(shape, block);
    view.setFloat32(at, scales[block] as number, true);
    at += SCALE_BYTES;
    for (let n = entry; n < entry + count; n++, at += ENTRY_BYTES) {
      view.setUint16(at, (((indices[n] as number) - from) << LEVEL_BITS) | ((levels[n] as number) & 15), true);
    }
  }
  return out;
}

/**
 * Reads an update. Accepts what encodeSparseUpdate gives of quantiseSparse's values and nothing else:
 * 1. the length, magic, version and count are exact;
 * 2. a scale is +0 or within [2^-126, 2^49];
 * 3. a block's indices ascend and lie in it, its levels are within ±7;
 * 4. a block with scale 0 has its first indices and levels of 0 only; any other has a level of ±7.
 * @throws LEARNING_UPDATE_INVALID naming what is wrong
 */
export function decodeSparseUpdate(bytes: Uint8Array, shape: SparseShape): SparseValues & { readonly feedback: Feedback } {
  const expected = sparseUpdateByteLength(shape);
  if (bytes.length !== expected) throw invalid(`it has ${bytes.length} bytes and not ${expected}`);
  for (let i = 0; i < MAGIC.length; i++) if (bytes[i] !== MAGIC[i]) throw invalid('its magic or version is unknown');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parameters = view.getBigUint64(COUNT_AT);
  if (parameters !== BigInt(shape.parameters)) throw invalid(`it is of ${parameters} parameters and not ${shape.parameters}`);

  const scales = new Float32Array(blocksOf(shape));
  const indices = new Uint32Array(entriesOf(shape));
  const levels = new Int8Array(indices.length);
  let at = HEADER_BYTES;
  for (let block = 0; block < scales.length; block++) {
    const { from, to, entry, count } = spanOf(shape, block);
    const scale = view.getFloat32(at, true);
    at += SCALE_BYTES;
    if (!Object.is(scale, 0) && !(scale >= MIN_SCALE && scale <= MAX_SCALE)) throw invalid(`the scale of block ${block} is ${scale}`);
    scales[block] = scale;
    let largest = 0;
    let next = from;
    for (let n = entry; n < entry + count; n++, at += ENTRY_BYTES) {
      const word = view.getUint16(at, true);
      const index = from + (word >> LEVEL_BITS);
      const level = ((word & 15) << 28) >> 28;
      if (index < next || index >= to) throw invalid(`block ${block} names its values out of order or beyond its end`);
      if (level < -LARGEST_LEVEL) throw invalid(`block ${block} has a level of ${level}`);
      if (scale === 0 && index !== next) throw invalid(`block ${block} is zero and names other values than its first`);
      largest = Math.max(largest, Math.abs(level));
      indices[n] = index;
      levels[n] = level;
      next = index + 1;
    }
    if (largest !== (scale === 0 ? 0 : LARGEST_LEVEL)) throw invalid(`block ${block} has scale ${scale} and largest level ${largest}`);
  }
  const feedback = { before: bytes.slice(BEFORE_AT, AFTER_AT), after: bytes.slice(AFTER_AT, HEADER_BYTES) };
  return { scales, indices, levels, feedback };
}

/** The largest |value|, f64. */
export function largestSparse({ scales }: SparseValues): number {
  let largest = 0;
  for (const scale of scales) if (scale > largest) largest = scale;
  return largest * LARGEST_LEVEL;
}

/** L2 norm, as updateNorm: over blocks ascending, f64: sum = sum + (scale·scale)·(Σ level², an exact integer); then the square root. */
export function sparseNorm(shape: SparseShape, { scales, levels }: SparseValues): number {
  let sum = 0;
  for (let block = 0; block < scales.length; block++) {
    const { entry, count } = spanOf(shape, block);
    const scale = scales[block] as number;
    let squares = 0;
    for (let n = entry; n < entry + count; n++) squares += (levels[n] as number) ** 2;
    sum += scale * scale * squares;
  }
  return Math.sqrt(sum);
}

/** sum_i = sum_i + f32(f32(factor · scale) · level_i) of the values sent, in f32. */
export function accumulateSparse(sum: Float32Array, shape: SparseShape, { scales, indices, levels }: SparseValues, factor: number): void {
  const fround = Math.fround;
  for (let block = 0; block < scales.length; block++) {
    const { entry, count } = spanOf(shape, block);
    const scale = fround(factor * (scales[block] as number));
    for (let n = entry; n < entry + count; n++) {
      const i = indices[n] as number;
      sum[i] = fround((sum[i] as number) + fround(scale * (levels[n] as number)));
    }
  }
}

const blocksOf = ({ parameters }: SparseShape): number => Math.ceil(parameters / SPARSE_BLOCK_VALUES);
const keptOf = (keep: number, values: number): number => Math.ceil((keep * values) / SPARSE_BLOCK_VALUES);

function entriesOf(shape: SparseShape): number {
  const { entry, count } = spanOf(shape, blocksOf(shape) - 1);
  return entry + count;
}

/** Where a block's values lie in the vector, and its entries among the entries. */
function spanOf({ parameters, keep }: SparseShape, block: number) {
  const from = block * SPARSE_BLOCK_VALUES;
  const to = Math.min(from + SPARSE_BLOCK_VALUES, parameters);
  return { from, to, entry: block * keep, count: keptOf(keep, to - from) };
}

function clampLevel(level: number): number {
  return level > LARGEST_LEVEL ? LARGEST_LEVEL : level < -LARGEST_LEVEL ? -LARGEST_LEVEL : level;
}

const scratch = new DataView(new ArrayBuffer(4));
function bitsToFloat(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

const invalid = (why: string) => learningError('LEARNING_UPDATE_INVALID', `the update is not canonical: ${why}`);
