import { equalBytes } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { MAX_GENERATIONS, type Onion } from '../../protocol/onion.ts';

/** An authority's two hash chains: for the beacon, and for its secret segment. They are renewed together. */
export interface HashChains {
  readonly public: Onion;
  readonly secret: Onion;
}

/** New chains are registered when one of the two has so few elements left, and are in use two rounds later. */
const RENEW_AT_ELEMENTS = 1_024;

/** Which generation of its chains an authority decides with, and what comes after it. */
export interface OwnChains {
  /** The chains of which `tip` was last revealed, or registered; undefined when no generation has it. */
  holding(tip: Hash): HashChains | undefined;
  /** The chains to register now: the next ones, when those in use are nearly used up. */
  due(tip: Hash, secretTip: Hash): HashChains | undefined;
}

interface Generation {
  readonly number: number;
  readonly chains: HashChains;
}

/** @param make chains by the number of their renewal; undefined where there are no more */
export function createOwnChains(make: (generation: number) => HashChains | undefined): OwnChains {
  let current: Generation | undefined;
  let next: Generation | undefined;
  /** In no generation; looked for once, for making chains takes a moment. */
  let foreign: Hash | undefined;

  function generation(number: number): Generation | undefined {
    const chains = make(number);
    return chains && { number, chains };
  }

  const has = (tip: Hash, { chains }: Generation): boolean => chains.public.leftAfter(tip) !== undefined;

  function find(tip: Hash): Generation | undefined {
    if (current !== undefined && has(tip, current)) return current;
    if (foreign !== undefined && equalBytes(foreign, tip)) return undefined;
    for (let number = 0; number < MAX_GENERATIONS; number++) {
      const found = generation(number);
      if (found === undefined) break;
      if (has(tip, found)) {
        current = found;
        return found;
      }
    }
    foreign = tip;
    return undefined;
  }

  return {
    holding: (tip) => find(tip)?.chains,
    due(tip, secretTip) {
      const found = find(tip);
      if (found === undefined) return undefined;
      const left = Math.min(found.chains.public.leftAfter(tip) ?? 0, found.chains.secret.leftAfter(secretTip) ?? 0);
      if (left >= RENEW_AT_ELEMENTS) return undefined;
      if (next?.number !== found.number + 1) next = generation(found.number + 1);
      return next?.chains;
    },
  };
}
