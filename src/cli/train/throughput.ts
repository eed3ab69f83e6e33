/** Older steps fade with this time constant. */
const MEMORY_MS = 10_000;

/** Tokens a second over the last ten seconds or so of training itself, not counting measurements and saving. */
export interface Throughput {
  add(tokens: number, ms: number): void;
  tokensPerSecond(): number;
}

export function createThroughput(): Throughput {
  let tokensSum = 0;
  let msSum = 0;
  return {
    add(tokens, ms) {
      const kept = Math.exp(-ms / MEMORY_MS);
      tokensSum = tokensSum * kept + tokens;
      msSum = msSum * kept + ms;
    },
    tokensPerSecond: () => (msSum > 0 ? (1000 * tokensSum) / msSum : 0),
  };
}
