import { compareBytes } from '../primitives/bytes.ts';
import { learningError } from './errors.ts';
import type { UpdateReference } from './types.ts';
import type { Update } from './update-format.ts';

/**
 * From updates to the next model, the same bits everywhere (DiLoCo, arXiv:2311.08105):
 *
 *   n_u  = norm of update u                                           f64
 *   m    = lower median of the n_u above 0                            f64
 *   c_u  = min(1, (CLIP_MEDIANS · m) / n_u)                           f64
 *   a_u  = f32(c_u · (tokens_u / Σ tokens))                           f64, rounded once at the end
 *   d_i  = d_i + f32(f32(a_u · scale_u,block) · value_u,i)            f32, u ascending by address, from +0; what a sparse one
 *                                                                     leaves out adds nothing
 *   v_i  = f32(mu · v_i) + d_i                                        f32
 *   w_i  = w_i − lr · (d_i + mu · v_i)                                f32, each operation rounded, inner first
 */
const CLIP_MEDIANS = 2;

export interface OuterOptions {
  readonly learningRate: number;
  readonly momentum: number;
}

/**
 * Refuses lists in another order: the order of addition is part of the result.
 * @throws LEARNING_INPUT_INVALID
 */
export function requireCanonicalList(updates: readonly UpdateReference[], name: string): void {
  updates.forEach((update, i) => {
    const before = updates[i - 1];
    if (before !== undefined && compareBytes(before.trainer, update.trainer) >= 0) {
      throw learningError('LEARNING_INPUT_INVALID', `${name}[${i}]: updates must ascend by trainer, each trainer once`);
    }
    if (!Number.isSafeInteger(update.tokens) || update.tokens <= 0) {
      throw learningError('LEARNING_INPUT_INVALID', `${name}[${i}].tokens must be a positive integer, got ${update.tokens}`);
    }
  });
}

/**
 * Each update's factor in the mean. The lower of two middle norms is the median: with two updates their mean would let one of any size pass
 * unclipped. Zero norms do not count, or empty updates could clip everybody else's to nothing.
 */
export function mergeFactors(norms: readonly number[], tokens: readonly number[]): readonly number[] {
  const sorted = norms.filter((norm) => norm > 0).sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const limit = CLIP_MEDIANS * median;
  let total = 0;
  for (const count of tokens) total += count;
  return norms.map((norm, u) => {
    const clip = norm > limit ? limit / norm : 1;
    return Math.fround(clip * ((tokens[u] as number) / total));
  });
}

/**
 * d, the token-weighted mean of the clipped updates. Updates are loaded one at a time, twice, so that memory does not grow with
 * their number.
 * @param load gives update `index` of `tokens.length`
 */
export async function mergeUpdates(
  parameters: number,
  tokens: readonly number[],
  load: (index: number) => Promise<Update>,
): Promise<Float32Array> {
  const norms: number[] = [];
  for (let u = 0; u < tokens.length; u++) norms.push((await load(u)).norm());
  const mean = new Float32Array(parameters);
  const factors = mergeFactors(norms, tokens);
  for (let u = 0; u < tokens.length; u++) (await load(u)).addTo(mean, factors[u] as number);
  return mean;
}

/** The outer Nesterov step, in place on `weights` and `momentum`. */
export function outerStep(weights: Float32Array, momentum: Float32Array, mean: Float32Array, options: OuterOptions): void {
  const fround = Math.fround;
  const mu = fround(options.momentum);
  const rate = fround(options.learningRate);
  for (let i = 0; i < weights.length; i++) {
    const d = mean[i] as number;
    const v = fround(fround(mu * (momentum[i] as number)) + d);
    momentum[i] = v;
    weights[i] = fround((weights[i] as number) - fround(rate * fround(d + fround(mu * v))));
  }
}
