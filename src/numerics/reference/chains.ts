import { at, CHAIN_BLOCK, fround } from '../f32.ts';

/** Neighbouring sums in the canonical order of products (backend.ts, `chains`). */
export interface Chains {
  /** Step `k` of every sum: + factor · source[from…], products of bf16 values. Steps ascend; one left out counts as a step by zero. */
  step(k: number, factor: number, source: Float32Array, from: number): void;
  /** Adds what is not yet in the target: after the last step. */
  end(): void;
}

/** Chains for target[at … at+width−1], which continue from what is there. */
export function createChains(target: Float32Array, start: number, width: number): Chains {
  const even = new Float32Array(width);
  const odd = new Float32Array(width);
  let block = 0;

  function end(): void {
    for (let j = 0; j < width; j++) {
      target[start + j] = fround(at(target, start + j) + fround(at(even, j) + at(odd, j)));
    }
    even.fill(0);
    odd.fill(0);
  }

  return {
    step(k, factor, source, from) {
      const own = Math.floor(k / CHAIN_BLOCK);
      if (own !== block) end();
      block = own;
      const chain = k % 2 === 0 ? even : odd;
      for (let j = 0; j < width; j++) chain[j] = fround(at(chain, j) + fround(factor * at(source, from + j)));
    },
    end,
  };
}
