/** Runs tasks one after the other, in the order they came; a failed one does not stop the next. */
export interface Queue {
  run<T>(task: () => Promise<T>): Promise<T>;
}

export function createQueue(): Queue {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(task) {
      const result = tail.then(task);
      tail = result.catch(() => {});
      return result;
    },
  };
}

/** Lets training give way, between two steps, to work that others wait for. */
export interface Gate {
  /** Runs a task at once; training rests until it ended. */
  urgent<T>(task: () => Promise<T>): Promise<T>;
  /** Resolves after other events had their turn and nothing urgent is under way, or when `hurry` is aborted. Never rejects. */
  quiet(hurry: AbortSignal): Promise<void>;
}

export function createGate(): Gate {
  let urgent = 0;
  let waiting: (() => void)[] = [];
  return {
    async urgent(task) {
      urgent++;
      try {
        return await task();
      } finally {
        urgent--;
        if (urgent === 0) {
          for (const wake of waiting) wake();
          waiting = [];
        }
      }
    },
    async quiet(hurry) {
      await nextTurn();
      while (urgent > 0 && !hurry.aborted) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            hurry.removeEventListener('abort', wake);
            resolve();
          };
          hurry.addEventListener('abort', wake, { once: true });
          waiting.push(wake);
        });
      }
    },
  };
}

/** After pending input and output was handled: a step blocks its thread, so every step is followed by one. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
