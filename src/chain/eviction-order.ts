/** How much a full pool would miss something. */
export interface Worth {
  /** Behind a gap of nonces: no block can hold it yet. It goes before anything executable. */
  readonly isWaiting: boolean;
  /** wei for a unit of gas */
  readonly tip: bigint;
}

/** Candidates for leaving a full pool, least missed first. Entries may be out of date: who takes one checks it. */
export interface EvictionOrder<T> {
  add(item: T, worth: Worth): void;
  /** The least missed one that `worthOf` still names; what it names differently goes to its new place. */
  least(worthOf: (item: T) => Worth | undefined): { readonly item: T; readonly worth: Worth } | undefined;
}

/**
 * A sorted list, so that a flood against a full pool costs a search by halves for each transaction, where comparing all would cost the pool's
 * size.
 */
export function createEvictionOrder<T>(entries: readonly { readonly item: T; readonly worth: Worth }[]): EvictionOrder<T> {
  // Most missed first: the least missed is taken from the end.
  const sorted = [...entries].sort((a, b) => compareWorth(b.worth, a.worth));

  function add(item: T, worth: Worth): void {
    let low = 0;
    for (let high = sorted.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (compareWorth((sorted[middle] as { worth: Worth }).worth, worth) > 0) low = middle + 1;
      else high = middle;
    }
    sorted.splice(low, 0, { item, worth });
  }

  return {
    add,
    least(worthOf) {
      for (let last = sorted.at(-1); last !== undefined; last = sorted.at(-1)) {
        const now = worthOf(last.item);
        if (now !== undefined && compareWorth(now, last.worth) === 0) return last;
        sorted.pop();
        if (now !== undefined) add(last.item, now);
      }
      return undefined;
    },
  };
}

/** Negative when a pool would miss `a` less. */
export function compareWorth(a: Worth, b: Worth): number {
  if (a.isWaiting !== b.isWaiting) return a.isWaiting ? -1 : 1;
  return a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0;
}
