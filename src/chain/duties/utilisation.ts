import type { Clock } from '../../primitives/clock.ts';
import type { Utilisation } from '../view.ts';

const KEPT_ROUNDS = 20;

/** Counts the time of whole rounds, and how much of it was spent in training steps. */
interface UtilisationCounter extends Utilisation {
  /** Call at each block. A round that was open already at the first call does not count: its beginning was not seen. */
  opened(round: number, takesPart: boolean): void;
  /** Time spent in steps of `round` so far, ms. */
  stepped(round: number, ms: number): void;
}

export function createUtilisation(clock: Pick<Clock, 'now'>): UtilisationCounter {
  const whole: { readonly ms: number; readonly stepMs: number }[] = [];
  let open: { readonly round: number; readonly at: number; takesPart: boolean; stepMs: number } | undefined;

  return {
    opened(round, takesPart) {
      if (open?.round === round) return;
      const now = clock.now();
      const isSeen = open !== undefined && Number.isFinite(open.at);
      if (open !== undefined && isSeen && open.takesPart && round === open.round + 1) {
        whole.push({ ms: now - open.at, stepMs: open.stepMs });
        if (whole.length > KEPT_ROUNDS) whole.shift();
      }
      open = { round, at: open === undefined ? Number.NaN : now, takesPart, stepMs: 0 };
    },
    stepped(round, ms) {
      if (open?.round === round) open.stepMs = ms;
    },
    get share() {
      const sum = (of: (each: (typeof whole)[number]) => number) => whole.reduce((total, each) => total + of(each), 0);
      return whole.length === 0
        ? undefined
        : sum(({ stepMs }) => stepMs) /
            Math.max(
              1,
              sum(({ ms }) => ms),
            );
    },
    get rounds() {
      return whole.length;
    },
  };
}
