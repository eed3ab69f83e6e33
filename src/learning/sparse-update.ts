import { concatBytes, uint64BE } from '../primitives/bytes.ts';
import { learningError } from './errors.ts';
import type { CarriedRoots } from './update-format.ts';

/** Values that share a scale. Whole groups: a group is a power of two of at most 4096 values. */
export const SPARSE_BLOCK_VALUES = 8192;
/** Scales below the smallest normal f32 lose digits themselves; such a block is zero. */
const MIN_SCALE = 2 ** -126;
/** What is sent stays within ±2^51, as in a dense update, and so does a mean of it. */
const MAX_MAGNITUDE = 2 ** 51;

/** "polS", version 2. */
const MAGIC = Uint8Array.of(0x70, 0x6f, 0x6c, 0x53, 0, 0, 0, 2);
const COUNT_AT = MAGIC.length;
const BEFORE_AT = COUNT_AT + 8;
const HASH_BYTES = 32;
const AFTER_AT = BEFORE_AT + HASH_BYTES;
const HEADER_BYTES = AFTER_AT + HASH_BYTES;
const SCALE_BYTES = 4;

export interface SparseShape {
  readonly parameters: number;
  /** Values in a group, of which one is sent: a power of two, at most 4096. */
  readonly oneOf: number;
}

/**
 * One value of each group: of group g, value g · oneOf + (entry >> 1) is the scale of its block, negative when entry & 1; 0 where the scale
 * is.
 */
export interface SparseValues {
  readonly scales: Float32Array;
  readonly entries: Uint16Array;
}

/** Bytes of an encoded update: for each group the bits of a place and a sign, for each block a scale. */
export function sparseUpdateByteLength(shape: SparseShape): number {
  return entriesAt(shape) + Math.ceil((groupsOf(shape) * entryBits(shape)) / 8);
}

/**
 * Chooses what of a round's movement is sent, and what is kept back for a later round (error feedback, arXiv:1901.09847; signs with one size
 * as in arXiv:1905.10936). For each block of `total`, which becomes what is kept back:
 *   chosen: of each group the largest |total|, of equal ones the first;
 *   scale = f32(Σ |chosen|, ascending in f64, / their number), or 0 with all entries 0 when that is below 2^-126;
 *   total = f32(total − scale) of the chosen, + scale where it is negative.
 * @param total [parameters] what could be sent; changed in place
 * @throws LEARNING_UPDATE_INVALID when a value is not finite or beyond ±2^51: such weights are out of the exact range
 */
export function quantiseSparse(total: Float32Array, oneOf: number): SparseValues {
  const shape = { parameters: total.length, oneOf };
  const scales = new Float32Array(blocksOf(shape));
  const entries = new Uint16Array(groupsOf(shape));
  for (let block = 0; block < scales.length; block++) {
    const { from, to } = groupsIn(shape, block);
    let sum = 0;
    for (let group = from; group < to; group++) {
      const place = placeOfLargest(total, group * oneOf, oneOf);
      const value = total[group * oneOf + place] as number;
      entries[group] = place * 2 + (value < 0 ? 1 : 0);
      sum += Math.abs(value);
    }
    const scale = Math.fround(sum / (to - from));
    if (scale < MIN_SCALE) {
      entries.fill(0, from, to);
      continue;
    }
    scales[block] = scale;
    for (let group = from; group < to; group++) {
      const entry = entries[group] as number;
      const i = group * oneOf + (entry >> 1);
      total[i] = Math.fround((total[i] as number) - ((entry & 1) === 1 ? -scale : scale));
    }
  }
  return { scales, entries };
}

function placeOfLargest(total: Float32Array, from: number, oneOf: number): number {
  const to = Math.min(from + oneOf, total.length);
  let largest = -1;
  let place = 0;
  for (let i = from; i < to; i++) {
    const size = Math.abs(total[i] as number);
    if (!(size <= MAX_MAGNITUDE)) {
      throw learningError('LEARNING_UPDATE_INVALID', `weights ${from} to ${to - 1} moved out of the exact range; discard this training`);
    }
    if (size <= largest) continue;
    largest = size;
    place = i - from;
  }
  return place;
}

/**
 * magic and version (8) ‖ parameter count (u64, big-endian) ‖ roots of what its trainer carries, before and after ‖ scales (little-endian
 * f32) ‖ entries, log2(oneOf) + 1 bits each, the lowest bit first, and zeros up to a whole byte.
 */
export function encodeSparseUpdate(shape: SparseShape, { scales, entries }: SparseValues, carried: CarriedRoots): Uint8Array {
  const out = new Uint8Array(sparseUpdateByteLength(shape));
  out.set(concatBytes(MAGIC, uint64BE(shape.parameters), carried.before, carried.after), 0);
  const view = new DataView(out.buffer);
  scales.forEach((scale, block) => {
    view.setFloat32(HEADER_BYTES + block * SCALE_BYTES, scale, true);
  });
  const bits = entryBits(shape);
  let at = entriesAt(shape) * 8;
  for (const entry of entries) {
    for (let bit = 0; bit < bits; bit++, at++) out[at >> 3] = (out[at >> 3] as number) | (((entry >> bit) & 1) << (at & 7));
  }
  return out;
}

/**
 * Reads an update. Accepts what encodeSparseUpdate gives and nothing else:
 * 1. the length, magic, version and count are exact;
 * 2. a scale is +0 or within [2^-126, 2^51];
 * 3. an entry's place lies in its group, also in a last one that is shorter; the entries of a block with scale 0 are 0;
 * 4. the bits after the last entry are 0.
 * @throws LEARNING_UPDATE_INVALID naming what is wrong
 */
export function decodeSparseUpdate(bytes: Uint8Array, shape: SparseShape): SparseValues & { readonly carried: CarriedRoots } {
  const expected = sparseUpdateByteLength(shape);
  if (bytes.length !== expected) throw invalid(`it has ${bytes.length} bytes and not ${expected}`);
  for (let i = 0; i < MAGIC.length; i++) if (bytes[i] !== MAGIC[i]) throw invalid('its magic or version is unknown');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parameters = view.getBigUint64(COUNT_AT);
  if (parameters !== BigInt(shape.parameters)) throw invalid(`it is of ${parameters} parameters and not ${shape.parameters}`);

  const scales = new Float32Array(blocksOf(shape));
  const entries = new Uint16Array(groupsOf(shape));
  const bits = entryBits(shape);
  let at = entriesAt(shape) * 8;
  const nextBit = () => ((bytes[at >> 3] as number) >> (at++ & 7)) & 1;
  for (let block = 0; block < scales.length; block++) {
    const scale = view.getFloat32(HEADER_BYTES + block * SCALE_BYTES, true);
    if (!Object.is(scale, 0) && !(scale >= MIN_SCALE && scale <= MAX_MAGNITUDE)) {
      throw invalid(`the scale of block ${block} is ${scale}`);
    }
    scales[block] = scale;
    const { from, to } = groupsIn(shape, block);
    for (let group = from; group < to; group++) {
      let entry = 0;
      for (let bit = 0; bit < bits; bit++) entry |= nextBit() << bit;
      if (scale === 0 && entry !== 0) throw invalid(`block ${block} is zero and names values`);
      if (group * shape.oneOf + (entry >> 1) >= shape.parameters) throw invalid(`group ${group} names a value beyond its end`);
      entries[group] = entry;
    }
  }
  while (at < bytes.length * 8) if (nextBit() !== 0) throw invalid('it does not end in zeros');
  const carried = { before: bytes.slice(BEFORE_AT, AFTER_AT), after: bytes.slice(AFTER_AT, HEADER_BYTES) };
  return { scales, entries, carried };
}

/** The largest |value|, f64. */
export function largestSparse({ scales }: SparseValues): number {
  let largest = 0;
  for (const scale of scales) if (scale > largest) largest = scale;
  return largest;
}

/** L2 norm, as updateNorm: over blocks ascending, f64: sum = sum + (scale·scale)·(number of its groups); then the square root. */
export function sparseNorm(shape: SparseShape, { scales }: SparseValues): number {
  let sum = 0;
  scales.forEach((scale, block) => {
    const { from, to } = groupsIn(shape, block);
    sum += scale * scale * (to - from);
  });
  return Math.sqrt(sum);
}

/** sum_i = sum_i ± f32(factor · scale) of the values sent, in f32. */
export function accumulateSparse(sum: Float32Array, shape: SparseShape, { scales, entries }: SparseValues, factor: number): void {
  scales.forEach((scale, block) => {
    const size = Math.fround(factor * scale);
    const { from, to } = groupsIn(shape, block);
    for (let group = from; group < to; group++) {
      const entry = entries[group] as number;
      const i = group * shape.oneOf + (entry >> 1);
      sum[i] = Math.fround((sum[i] as number) + ((entry & 1) === 1 ? -size : size));
    }
  });
}

const blocksOf = ({ parameters }: SparseShape): number => Math.ceil(parameters / SPARSE_BLOCK_VALUES);
const groupsOf = ({ parameters, oneOf }: SparseShape): number => Math.ceil(parameters / oneOf);
const entryBits = ({ oneOf }: SparseShape): number => Math.log2(oneOf) + 1;
const entriesAt = (shape: SparseShape): number => HEADER_BYTES + blocksOf(shape) * SCALE_BYTES;

/** The groups of a block. */
function groupsIn(shape: SparseShape, block: number) {
  const perBlock = SPARSE_BLOCK_VALUES / shape.oneOf;
  return { from: block * perBlock, to: Math.min((block + 1) * perBlock, groupsOf(shape)) };
}

const invalid = (why: string) => learningError('LEARNING_UPDATE_INVALID', `the update is not canonical: ${why}`);
