import { cosSin64, exp64, log64 } from './f64-functions.ts';

/**
 * Cosines and sines of the rotary embedding (arXiv:2104.09864): position · theta^(−2i/headDim), computed in f64 and rounded to f32.
 * @returns cos and sin, each [contextLength, headDim/2], row-major
 */
export function ropeTables(options: { readonly contextLength: number; readonly headDim: number; readonly theta: number }): {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
} {
  const { contextLength, headDim, theta } = options;
  const half = headDim / 2;
  const cos = new Float32Array(contextLength * half);
  const sin = new Float32Array(contextLength * half);
  const logTheta = log64(theta);
  for (let i = 0; i < half; i++) {
    const frequency = exp64(((-2 * i) / headDim) * logTheta);
    for (let position = 0; position < contextLength; position++) {
      const angle = cosSin64(position * frequency);
      cos[position * half + i] = angle.cos;
      sin[position * half + i] = angle.sin;
    }
  }
  return { cos, sin };
}
