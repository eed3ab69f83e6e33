import type { Clock } from '../../primitives/clock.ts';

/** A clock that moves only when told to: events in order of time, and of scheduling where times are equal. */
export interface VirtualTime extends Clock {
  /** Runs the next event and everything that follows from it at once; false when none is left before `untilMs`. */
  step(untilMs?: number): Promise<boolean>;
  /** Runs all events up to a time, and stands there. */
  runUntil(ms: number): Promise<void>;
  /** Events run so far. */
  readonly eventsRun: number;
}

interface Event {
  readonly at: number;
  readonly sequence: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/**
 * @param startMs Unix milliseconds at which the clock stands first
 */
export function createVirtualTime(startMs = 0): VirtualTime {
  const heap: Event[] = [];
  let now = startMs;
  let sequence = 0;
  let eventsRun = 0;

  async function step(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (let event = heap[0]; event !== undefined && event.at <= untilMs; event = heap[0]) {
      popEvent(heap);
      if (event.cancelled) continue;
      now = event.at;
      eventsRun++;
      event.callback();
      await settle();
      return true;
    }
    return false;
  }

  return {
    now: () => now,
    after(ms, callback) {
      const event: Event = { at: now + Math.max(0, ms), sequence: sequence++, callback, cancelled: false };
      pushEvent(heap, event);
      return () => {
        event.cancelled = true;
      };
    },
    step,
    async runUntil(ms) {
      await settle();
      while (await step(ms));
      now = Math.max(now, ms);
    },
    get eventsRun() {
      return eventsRun;
    },
  };
}

/**
 * Waits until nothing is left to run but events of a clock. Code under virtual time waits for promises only, never for the
 * system: all its continuations are microtasks, and node runs every one of them, also those they add, before the next
 * turn of its loop. So one turn is enough, and the order is always the same.
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

/** Binary heap, least event first. */
function pushEvent(heap: Event[], event: Event): void {
  let i = heap.push(event) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = heap[parent] as Event;
    if (!before(event, above)) break;
    heap[i] = above;
    i = parent;
  }
  heap[i] = event;
}

function popEvent(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let i = 0;
  for (;;) {
    const left = 2 * i + 1;
    const right = left + 1;
    if (left >= heap.length) break;
    const child = right < heap.length && before(heap[right] as Event, heap[left] as Event) ? right : left;
    if (!before(heap[child] as Event, last)) break;
    heap[i] = heap[child] as Event;
    i = child;
  }
  heap[i] = last;
}
