import type { ProofOperation } from '../codec/types.ts';
import type { Genesis } from '../params/genesis.ts';
import { uint64BE } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';

const CHALLENGE_DOMAIN = 'pol/challenge/1';
const DRAW_BITS = 48;

/**
 * Segments of a proof that every authority re-executes, ascending: always the last one, whose leaf binds the update, and
 * `challenges_per_proof` − 1 of the others, each set of them equally likely. All, when the proof has no more than that.
 *
 * A secret draw of each authority's own, from a second hash chain and shown with its vote, belongs beside this public one:
 * it would be added here, to the list an authority checks, and in `validate-operation.ts`, to those it may call fraudulent.
 *
 * @param seed the sealed round's challenge seed, unknown until its proofs are sealed
 * @returns segment numbers in 0 … segments−1; segment i leads from leaf i to leaf i+1
 */
export function challengedSegments(
  seed: Hash,
  proof: Pick<ProofOperation, 'trainer' | 'segments'>,
  genesis: Pick<Genesis, 'rounds'>,
): readonly number[] {
  const last = proof.segments - 1;
  const wanted = Math.min(genesis.rounds.challenges_per_proof, proof.segments) - 1;
  const draw = keyedDraw(seed, proof.trainer);
  // Floyd's sampling (Bentley and Floyd, 1987): exactly `wanted` draws, without replacement, from 0 … last−1.
  const chosen = new Set<number>();
  for (let top = last - wanted; top < last; top++) {
    const segment = draw(top + 1);
    chosen.add(chosen.has(segment) ? top : segment);
  }
  return [...chosen, last].sort((a, b) => a - b);
}

/** Uniform integers below a bound from a hash in counter mode; values past the last whole multiple of the bound are drawn again. */
function keyedDraw(seed: Hash, trainer: Uint8Array): (bound: number) => number {
  let counter = 0;
  return (bound) => {
    const limit = 2 ** DRAW_BITS - (2 ** DRAW_BITS % bound);
    for (;;) {
      const bytes = taggedHash(CHALLENGE_DOMAIN, seed, trainer, uint64BE(counter++));
      const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUIntBE(0, DRAW_BITS / 8);
      if (value < limit) return value % bound;
    }
  };
}
