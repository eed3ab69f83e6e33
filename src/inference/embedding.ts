import type { Task } from './task.ts';

export interface Embedding extends Task {
  /** Once `take` has said that it ended. */
  readonly vector: readonly number[];
}

/** Mean of the final norm's outputs over all tokens of a text, scaled to length 1; sums in f64, tokens ascending. */
export function createEmbedding(prompt: readonly number[], dim: number): Embedding {
  const sums = new Float64Array(dim);
  let computed = 0;
  return {
    kind: 'states',
    get pending() {
      return prompt.length - computed;
    },
    piece(rows) {
      const tokens = prompt.slice(computed, computed + rows);
      return tokens.length === 0 ? undefined : { tokens, want: 'states' };
    },
    take({ tokens }, states) {
      for (let row = 0; row < tokens.length; row++) {
        for (let i = 0; i < dim; i++) sums[i] = (sums[i] as number) + ((states as Float32Array)[row * dim + i] as number);
      }
      computed += tokens.length;
      return computed === prompt.length;
    },
    get vector() {
      let squares = 0;
      for (const sum of sums) squares += sum * sum;
      // The mean's divisor falls out of the scaling.
      const length = Math.sqrt(squares);
      return Array.from(sums, (sum) => (length === 0 ? 0 : sum / length));
    },
  };
}
