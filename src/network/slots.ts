/** At most `limit` holders at once for each key; the others wait in order. */
export interface Slots {
  /** Resolves to the function that gives the slot back. @throws the signal's reason */
  acquire(key: string, signal: AbortSignal): Promise<() => void>;
}

export function createSlots(limit: number): Slots {
  const taken = new Map<string, { count: number; waiting: (() => void)[] }>();

  function release(key: string): void {
    const entry = taken.get(key);
    if (entry === undefined) return;
    const next = entry.waiting.shift();
    // The slot passes on without being counted down and up.
    if (next !== undefined) {
      next();
      return;
    }
    entry.count--;
    if (entry.count === 0) taken.delete(key);
  }

  return {
    async acquire(key, signal) {
      signal.throwIfAborted();
      let entry = taken.get(key);
      if (entry === undefined) {
        entry = { count: 0, waiting: [] };
        taken.set(key, entry);
      }
      const { waiting } = entry;
      if (entry.count < limit) entry.count++;
      else
        await new Promise<void>((resolve, reject) => {
          const onAbort = () => {
            waiting.splice(waiting.indexOf(turn), 1);
            reject(signal.reason);
          };
          const turn = () => {
            signal.removeEventListener('abort', onAbort);
            resolve();
          };
          waiting.push(turn);
          signal.addEventListener('abort', onAbort, { once: true });
        });
      let held = true;
      return () => {
        if (held) release(key);
        held = false;
      };
    },
  };
}
