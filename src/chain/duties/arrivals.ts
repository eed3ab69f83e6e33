import type { Clock } from '../../primitives/clock.ts';
import type { SegmentRef } from '../../protocol/draw.ts';

/** What was fetched for one segment, or that nobody served it. */
export interface Arrival {
  readonly ref: SegmentRef;
  readonly isServed: boolean;
}

export interface Arrivals {
  /**
   * The first in order of those that are there; waits while none is and some may still come. Undefined when all came, or when
   * there is no going on. @throws what fetching threw
   */
  next(): Promise<Arrival | undefined>;
}

/** Fetches under way that have not lasted PATIENCE_MS yet: each holds a state's bytes in memory. */
const MAX_PROMPT_FETCHES = 8;
/** A fetch that lasts longer than this gives its place to another trainer's, and goes on beside it. */
const PATIENCE_MS = 1_000;
/** How often it is asked whether to go on while nothing arrives. */
const LOOK_MS = 500;

/**
 * Fetches what the checks of `refs` need ahead of them, one segment of each proof at a time: a trainer that serves slowly keeps
 * nobody's proof waiting but its own.
 */
export function createArrivals(
  refs: readonly SegmentRef[],
  dependencies: {
    readonly obtain: (ref: SegmentRef) => Promise<boolean>;
    readonly goOn: () => boolean;
    readonly clock: Clock;
  },
): Arrivals {
  const { obtain, goOn, clock } = dependencies;
  const order = new Map(refs.map((ref, at) => [ref, at]));
  /** Proofs none of whose segments is being fetched, with what is still to be fetched of each. */
  const resting = [...groupByProof(refs)];
  const here: Arrival[] = [];
  let prompt = 0;
  let underWay = 0;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => {};

  function fetchMore(): void {
    while (prompt < MAX_PROMPT_FETCHES && failure === undefined && goOn()) {
      const lane = resting.shift();
      if (lane === undefined) return;
      void fetchFirst(lane);
    }
  }

  async function fetchFirst([ref, ...rest]: readonly SegmentRef[]): Promise<void> {
    if (ref === undefined) return;
    prompt++;
    underWay++;
    let isPrompt = true;
    const leavePlace = () => {
      if (isPrompt) prompt--;
      isPrompt = false;
    };
    const cancel = clock.after(PATIENCE_MS, () => {
      leavePlace();
      fetchMore();
    });
    try {
      const isServed = await obtain(ref);
      here.push({ ref, isServed });
    } catch (error) {
      failure = { error };
    }
    cancel();
    leavePlace();
    underWay--;
    if (rest.length > 0) resting.push(rest);
    fetchMore();
    wake();
  }

  const change = () =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(LOOK_MS, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  return {
    async next() {
      for (fetchMore(); ; await change()) {
        if (failure !== undefined) throw failure.error;
        if (!goOn()) return undefined;
        here.sort((a, b) => (order.get(a.ref) ?? 0) - (order.get(b.ref) ?? 0));
        const first = here.shift();
        if (first !== undefined || (underWay === 0 && resting.length === 0)) return first;
        fetchMore();
      }
    },
  };
}

function groupByProof(refs: readonly SegmentRef[]): Iterable<readonly SegmentRef[]> {
  const lanes = new Map<number, SegmentRef[]>();
  for (const ref of refs) lanes.set(ref.proof, [...(lanes.get(ref.proof) ?? []), ref]);
  return lanes.values();
}
