import type { Clock } from '../../primitives/clock.ts';

/** A clock that stands until it is moved; its timers never fire. */
export function createVirtualClock(): Clock & { advance(ms: number): void } {
  let time = 1_700_000_000_000;
  return {
    now: () => time,
    after: () => () => {},
    advance(ms) {
      time += ms;
    },
  };
}
