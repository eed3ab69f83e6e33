import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeBytePairs, type Ranks } from './byte-pairs.ts';

/** The definition, word by word: join the lowest-ranked neighbours, the leftmost among equals, until none are left. */
function mergeSlowly(piece: string, ranks: Ranks): number[] {
  let parts = [...piece];
  for (;;) {
    const pairs = parts.slice(1).map((right, i) => ranks.get((parts[i] as string) + right) ?? Number.POSITIVE_INFINITY);
    const lowest = Math.min(...pairs);
    if (!Number.isFinite(lowest)) return parts.map((part) => ranks.get(part) as number);
    const at = pairs.indexOf(lowest);
    parts = [...parts.slice(0, at), parts.slice(at, at + 2).join(''), ...parts.slice(at + 2)];
  }
}

/** Letters first, then tokens each made of two earlier ones, as byte-pair training makes them. */
const vocabulary = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }).map((pairs) => {
  const tokens = ['a', 'b', 'c'];
  for (const [left, right] of pairs) {
    const joined = (tokens[left % tokens.length] as string) + (tokens[right % tokens.length] as string);
    if (!tokens.includes(joined) && joined.length < 12) tokens.push(joined);
  }
  return new Map(tokens.map((token, rank) => [token, rank]));
});

test('joins as the definition does, for any vocabulary and piece', () => {
  fc.assert(
    fc.property(vocabulary, fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 40 }), (ranks, piece) => {
      expect(mergeBytePairs(piece, ranks)).toEqual(mergeSlowly(piece, ranks));
    }),
    { numRuns: 500 },
  );
});
