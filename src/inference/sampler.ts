import { exp } from '../numerics/elementary.ts';
import { uint64BE } from '../primitives/bytes.ts';
import { taggedHash } from '../primitives/hash.ts';

export interface SamplingOptions {
  /** 0 takes the most likely token (the lowest id of equals). */
  readonly temperature: number;
  /** Nucleus sampling (arXiv:1904.09751): the smallest set of tokens whose probabilities reach this. */
  readonly topP: number;
  /** Two runs with one seed over one model give one text. */
  readonly seed: number;
}

/** Chooses the token after position `index` of an answer. Only the canonical exp is used, so a seed gives the same text everywhere. */
export function sample(logits: Float32Array, options: SamplingOptions, index: number): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  if (options.temperature === 0) return best;

  const top = logits[best] as number;
  const weights = Array.from(logits, (logit, token) => ({ token, weight: exp(Math.fround((logit - top) / options.temperature)) }));
  weights.sort((a, b) => b.weight - a.weight || a.token - b.token);
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  let nucleus = 0;
  let count = 0;
  while (count < weights.length && (count === 0 || nucleus < options.topP * total))
    nucleus += (weights[count++] as { weight: number }).weight;

  let point = uniform(options.seed, index) * nucleus;
  for (let i = 0; i < count; i++) {
    const { token, weight } = weights[i] as { token: number; weight: number };
    point -= weight;
    if (point < 0) return token;
  }
  return (weights[count - 1] as { token: number }).token;
}

/** In [0, 1), from a hash of seed and index: counter-based, so no state to carry. */
function uniform(seed: number, index: number): number {
  const bytes = taggedHash('pol/sample/1', doubleBytes(seed), uint64BE(index));
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
}

function doubleBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}
