import { endianness } from 'node:os';
import { formatError } from './errors.ts';

/** How a tensor's values lie in a file. q8_0 is ggml's: blocks of 32 values, an f16 scale and 32 signed bytes each. */
export type TensorType = 'f32' | 'f16' | 'bf16' | 'q8_0';

export const TENSOR_TYPES: readonly TensorType[] = ['f32', 'f16', 'bf16', 'q8_0'];
export const Q8_BLOCK = 32;
const Q8_BLOCK_BYTES = 2 + Q8_BLOCK;
const HOST_IS_LITTLE_ENDIAN = endianness() === 'LE';

/** Bytes of `values` values; for q8_0 a multiple of 32. */
export function encodedBytes(type: TensorType, values: number): number {
  switch (type) {
    case 'f32':
      return values * 4;
    case 'f16':
    case 'bf16':
      return values * 2;
    case 'q8_0':
      return (values / Q8_BLOCK) * Q8_BLOCK_BYTES;
  }
}

/**
 * Values as they lie in a file, little-endian. f16 and bf16 round to nearest, ties to even; q8_0 rounds as ggml's reference quantizer
 * does (scale = largest magnitude / 127, quotients to nearest, halves away from zero).
 * @throws FORMAT_UNSUPPORTED when a finite value is beyond the type's range: no silent infinities
 */
export function encodeValues(type: TensorType, values: Float32Array): Uint8Array {
  switch (type) {
    case 'f32':
      return littleEndian(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 4);
    case 'f16':
      return littleEndianWords(Uint16Array.from(values, halfInRange));
    case 'bf16':
      return littleEndianWords(Uint16Array.from(values, bfloatInRange));
    case 'q8_0':
      return quantise(values);
  }
}

/** Fills `out` from bytes of `encodedBytes(type, out.length)`. */
export function decodeValues(type: TensorType, bytes: Uint8Array, out: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'f32':
      // Bits are copied, so that a NaN keeps its payload.
      new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(littleEndian(bytes, 4));
      return;
    case 'f16':
      for (let i = 0; i < out.length; i++) out[i] = halfToNumber(view.getUint16(2 * i, true));
      return;
    case 'bf16': {
      const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
      for (let i = 0; i < out.length; i++) words[i] = view.getUint16(2 * i, true) << 16;
      return;
    }
    case 'q8_0':
      for (let i = 0; i < out.length; i++) {
        const block = Math.floor(i / Q8_BLOCK) * Q8_BLOCK_BYTES;
        out[i] = halfToNumber(view.getUint16(block, true)) * view.getInt8(block + 2 + (i % Q8_BLOCK));
      }
  }
}

const floatWord = new Float32Array(1);
const bits = new Uint32Array(floatWord.buffer);

/** IEEE 754 binary16 nearest to an f32, ties to even; what is too large becomes infinite. */
export function numberToHalf(value: number): number {
  floatWord[0] = value;
  const word = bits[0] as number;
  const sign = (word >>> 16) & 0x8000;
  const exponent = (word >>> 23) & 0xff;
  const fraction = word & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200 | (fraction >>> 13));
  const shifted = exponent - 112;
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted > 0) {
    // A carry out of the fraction runs into the exponent, which is what rounding up means.
    return sign | roundedShift((shifted << 23) | fraction, 13);
  }
  if (shifted < -10) return sign;
  return sign | roundedShift(0x800000 | fraction, 14 - shifted);
}

/** The value of a binary16, exactly. */
export function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** bfloat16 nearest to an f32, ties to even. */
function numberToBfloat(value: number): number {
  floatWord[0] = value;
  const word = bits[0] as number;
  if (Number.isNaN(value)) return (word >>> 16) | 0x40;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

function halfInRange(value: number): number {
  const half = numberToHalf(value);
  if ((half & 0x7fff) === 0x7c00 && Number.isFinite(value)) throw outOfRange('f16', value);
  return half;
}

function bfloatInRange(value: number): number {
  const bfloat = numberToBfloat(value);
  if ((bfloat & 0x7fff) === 0x7f80 && Number.isFinite(value)) throw outOfRange('bf16', value);
  return bfloat;
}

function outOfRange(type: TensorType, value: number) {
  return formatError('FORMAT_UNSUPPORTED', `a weight of ${value} does not fit ${type}; export as f32`);
}

/** Shifts right by `count` and rounds to nearest, ties to even. */
function roundedShift(value: number, count: number): number {
  const kept = value >>> count;
  const rest = value & ((1 << count) - 1);
  const half = 1 << (count - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

function quantise(values: Float32Array): Uint8Array {
  const out = new Uint8Array(encodedBytes('q8_0', values.length));
  const view = new DataView(out.buffer);
  for (let block = 0; block * Q8_BLOCK < values.length; block++) {
    let largest = 0;
    for (let i = 0; i < Q8_BLOCK; i++) largest = Math.max(largest, Math.abs(values[block * Q8_BLOCK + i] as number));
    const scale = Math.fround(largest / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    const at = block * Q8_BLOCK_BYTES;
    view.setUint16(at, halfInRange(scale), true);
    for (let i = 0; i < Q8_BLOCK; i++) {
      const quotient = Math.fround((values[block * Q8_BLOCK + i] as number) * inverse);
      view.setInt8(at + 2 + i, Math.sign(quotient) * Math.floor(Math.abs(quotient) + 0.5));
    }
  }
  return out;
}

function littleEndian(bytes: Uint8Array, wordBytes: 2 | 4): Uint8Array {
  if (HOST_IS_LITTLE_ENDIAN) return bytes;
  const copy = Buffer.from(bytes);
  return wordBytes === 2 ? copy.swap16() : copy.swap32();
}

function littleEndianWords(words: Uint16Array): Uint8Array {
  return littleEndian(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), 2);
}
