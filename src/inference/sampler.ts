import type { SamplingOptions } from '../chain/view.ts';
import { EXP_MIN, exp } from '../numerics/elementary.ts';
import { uint64BE } from '../primitives/bytes.ts';
import { taggedHash } from '../primitives/hash.ts';
import { isAllowed, type TokenMask } from './grammar/vocabulary.ts';

export interface SamplerOptions extends SamplingOptions {
  readonly seed: number;
  readonly choice: number;
}

/** Chooses the tokens of one answer, one after the other. */
export interface Sampler {
  /**
   * The next token. `logits` [vocab] is scratch: it is changed.
   * @param mask tokens that are allowed, at least one
   */
  choose(logits: Float32Array, mask: TokenMask | undefined): number;
}

/** Weights from which the nucleus is looked for at first, relative to the likeliest token's; fewer than all need sorting then. */
const NUCLEUS_FLOORS = [1e-2, 1e-4, 1e-7];

/**
 * Only + − · ÷, comparisons and the canonical exp are used, and sums run in one written order, so that a seed gives the same text on every machine.
 * @param prompt its tokens count for the repetition penalty
 */
export function createSampler(options: SamplerOptions, prompt: readonly number[]): Sampler {
  const { temperature, topK, topP, minP, seed, choice } = options;
  /** How often each token stands in the answer. */
  const counts = new Map<number, number>();
  const repeated = new Set(options.repetitionPenalty === 1 ? [] : prompt);
  let made = 0;

  function penalise(logits: Float32Array): void {
    for (const token of repeated) {
      const logit = logits[token] as number;
      logits[token] = logit > 0 ? logit / options.repetitionPenalty : logit * options.repetitionPenalty;
    }
    if (options.presencePenalty !== 0 || options.frequencyPenalty !== 0) {
      for (const [token, count] of counts) {
        logits[token] = (logits[token] as number) - options.presencePenalty - options.frequencyPenalty * count;
      }
    }
    for (const [token, bias] of options.logitBias) logits[token] = (logits[token] as number) + bias;
  }

  function draw(logits: Float32Array, best: number): number {
    const top = logits[best] as number;
    let candidates = candidatesOf(logits, top, temperature);
    if (topK > 0 && topK < candidates.length) candidates = sorted(candidates).slice(0, topK);
    if (topP < 1) candidates = nucleus(candidates, topP);
    if (minP > 0) candidates = candidates.filter(({ weight }) => weight >= minP);
    let total = 0;
    for (const { weight } of candidates) total += weight;
    let point = uniform(seed, choice, made) * total;
    for (const { token, weight } of candidates) {
      point -= weight;
      if (point < 0) return token;
    }
    return (candidates.at(-1) as Candidate).token;
  }

  return {
    choose(logits, mask) {
      penalise(logits);
      if (mask !== undefined) {
        for (let token = 0; token < logits.length; token++) if (!isAllowed(mask, token)) logits[token] = Number.NEGATIVE_INFINITY;
      }
      const best = largest(logits);
      const token = temperature === 0 ? best : draw(logits, best);
      counts.set(token, (counts.get(token) ?? 0) + 1);
      if (options.repetitionPenalty !== 1) repeated.add(token);
      made++;
      return token;
    },
  };
}

/** Index of the largest, the lowest of equals. */
export function largest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  return best;
}

interface Candidate {
  readonly token: number;
  /** e^((logit − largest) / temperature): 1 for the likeliest. */
  readonly weight: number;
}

function candidatesOf(logits: Float32Array, top: number, temperature: number): Candidate[] {
  const candidates: Candidate[] = [];
  for (let token = 0; token < logits.length; token++) {
    const x = Math.fround(((logits[token] as number) - top) / temperature);
    if (x >= EXP_MIN) candidates.push({ token, weight: exp(x) });
  }
  return candidates;
}

function sorted(candidates: readonly Candidate[]): Candidate[] {
  return [...candidates].sort((a, b) => b.weight - a.weight || a.token - b.token);
}

function nucleus(candidates: readonly Candidate[], topP: number): Candidate[] {
  let total = 0;
  for (const { weight } of candidates) total += weight;
  const wanted = topP * total;
  for (const floor of [...NUCLEUS_FLOORS, 0]) {
    const ordered = sorted(candidates.filter(({ weight }) => weight >= floor));
    let sum = 0;
    for (let count = 0; count < ordered.length; ) {
      sum += (ordered[count++] as Candidate).weight;
      if (sum >= wanted) return ordered.slice(0, count);
    }
  }
  return sorted(candidates);
}

/** In [0, 1), from a hash of seed, choice and index: counter-based, so no state to carry. */
function uniform(seed: number, choice: number, index: number): number {
  const bytes = taggedHash('pol/sample/2', doubleBytes(seed), uint64BE(choice), uint64BE(index));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return (view.getUint32(0) * 2 ** 21 + (view.getUint32(4) >>> 11)) / 2 ** 53;
}

function doubleBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}
