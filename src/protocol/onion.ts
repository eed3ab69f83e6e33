import { equalBytes, uint64BE } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';

const ONION_DOMAIN = 'pol/onion/1';
const ONION_SEED_DOMAIN = 'pol/onion-seed/1';
const CHAIN_DOMAINS = { public: 'pol/onion-chain/public/1', secret: 'pol/onion-chain/secret/1' } as const;
const HASH_BYTES = 32;

/** Elements of an authority's hash chain: one is revealed a round, so 131,072 rounds of a minute last three months, of an hour fifteen years. */
const ONION_DEPTH = 131_072;

/**
 * An authority's hash chain (Lamport, 1981): each element hashes to the next, the tip is public from the start, and
 * revealing the element before the last revealed one commits its owner to no choice at all.
 */
export interface Onion {
  /** Registered in the genesis. */
  readonly tip: Hash;
  /** The element that hashes to `revealed` (the tip at first); undefined for a foreign hash, and when the chain is used up. */
  preimageOf(revealed: Hash): Hash | undefined;
  /** How many elements can still be revealed after `revealed`; undefined for a foreign hash. */
  leftAfter(revealed: Hash): number | undefined;
}

/** Generations of its chains that an authority looks for the registered ones in: of rounds of a minute, four years of them. */
export const MAX_GENERATIONS = 16;

/**
 * Seed of one of an authority's two chains. `generation` counts renewals: 0 is the chain registered in the genesis.
 * @param privateKey of the authority: both chains follow from it, so that nothing else must be kept
 */
export function onionSeed(privateKey: Uint8Array, chain: 'public' | 'secret', generation = 0): Uint8Array {
  return taggedHash(CHAIN_DOMAINS[chain], privateKey, uint64BE(generation));
}

/** The hash that leads from one element to the next. */
export function onionHash(preimage: Hash): Hash {
  return taggedHash(ONION_DOMAIN, preimage);
}

/**
 * Builds the chain from a secret seed. Takes about 0.2 s for the usual depth, and 4 MiB: all elements are kept, for
 * looking one up is then a scan and no state can be lost.
 * @param seed secret; whoever has it knows every future reveal
 */
export function createOnion(seed: Uint8Array, depth: number = ONION_DEPTH): Onion {
  const elements = new Uint8Array((depth + 1) * HASH_BYTES);
  const words = new Uint32Array(elements.buffer);
  const at = (index: number): Hash => elements.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  let element = taggedHash(ONION_SEED_DOMAIN, seed);
  for (let i = 0; i <= depth; i++) {
    elements.set(element, i * HASH_BYTES);
    if (i < depth) element = onionHash(element);
  }
  function leftAfter(revealed: Hash): number | undefined {
    if (revealed.length !== HASH_BYTES) return undefined;
    const [first] = new Uint32Array(Uint8Array.from(revealed).buffer);
    for (let i = depth; i >= 0; i--) {
      if (words[i * (HASH_BYTES / 4)] === first && equalBytes(at(i), revealed)) return i;
    }
    return undefined;
  }

  return {
    tip: element,
    preimageOf(revealed) {
      const left = leftAfter(revealed);
      return left === undefined || left === 0 ? undefined : at(left - 1);
    },
    leftAfter,
  };
}
