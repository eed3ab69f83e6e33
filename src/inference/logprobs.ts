import type { TokenReport } from '../chain/view.ts';
import type { Tokenizer } from '../data/types.ts';
import { exp } from '../numerics/elementary.ts';
import { log64 } from '../numerics/f64-functions.ts';
import { largest } from './sampler.ts';

/** Log-probabilities of one row of logits [vocab], in the canonical exp and log: the same numbers on every machine. */
export function reportToken(logits: Float32Array, token: number, alternatives: number, tokenizer: Tokenizer): TokenReport {
  const top = logits[largest(logits)] as number;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += exp(Math.fround((logits[i] as number) - top));
  const logSum = log64(sum);
  const entry = (id: number) => ({ token: id, bytes: tokenizer.bytes(id), logprob: (logits[id] as number) - top - logSum });
  return { ...entry(token), top: likeliest(logits, alternatives).map(entry) };
}

/** The `count` largest, largest first, lower ids first among equals. */
function likeliest(logits: Float32Array, count: number): readonly number[] {
  const found: number[] = [];
  for (let token = 0; count > 0 && token < logits.length; token++) {
    const logit = logits[token] as number;
    const last = found.at(-1);
    if (found.length === count && last !== undefined && logit <= (logits[last] as number)) continue;
    let at = found.length;
    while (at > 0 && (logits[found[at - 1] as number] as number) < logit) at--;
    found.splice(at, 0, token);
    if (found.length > count) found.pop();
  }
  return found;
}
