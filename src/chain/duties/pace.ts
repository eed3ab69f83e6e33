import type { Clock } from '../../primitives/clock.ts';

/** Share of a new block's distance in the estimate. */
const SMOOTHING = 0.2;

/** What a trainer needs to know to end a round in time: how far apart blocks are, and how long its steps take. */
export interface Pace {
  /** Call at each block. */
  block(height: number): void;
  /** Work on a round begins; it goes on from `steps` done, which are known with the first of `stepped`. */
  begin(): void;
  stepped(steps: number): void;
  /** Until the given height is final, ms; undefined while no two blocks were seen. */
  untilHeight(height: number): number | undefined;
  /** Of a step with all that goes on between steps, ms; undefined before the first one. */
  readonly stepMs: number | undefined;
}

export function createPace(clock: Pick<Clock, 'now'>): Pace {
  let last: { readonly height: number; readonly at: number } | undefined;
  let blockMs: number | undefined;
  let begunAt = Number.NaN;
  let stepsBefore: number | undefined;
  let stepMs: number | undefined;

  return {
    block(height) {
      const now = clock.now();
      if (last !== undefined && height <= last.height) return;
      if (last !== undefined) {
        const ms = (now - last.at) / (height - last.height);
        blockMs = blockMs === undefined ? ms : blockMs + SMOOTHING * (ms - blockMs);
      }
      last = { height, at: now };
    },
    begin() {
      begunAt = clock.now();
      stepsBefore = undefined;
      stepMs = undefined;
    },
    stepped(steps) {
      stepsBefore ??= steps - 1;
      stepMs = (clock.now() - begunAt) / (steps - stepsBefore);
    },
    untilHeight(height) {
      if (last === undefined || blockMs === undefined) return undefined;
      // A block that is late delays those after it.
      const passed = Math.min(clock.now() - last.at, blockMs);
      return (height - last.height) * blockMs - passed;
    },
    get stepMs() {
      return stepMs;
    },
  };
}
