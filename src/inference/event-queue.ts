/** Values pushed on one side, awaited on the other, in order. */
export interface EventQueue<T> {
  push(value: T): void;
  close(): void;
  fail(error: unknown): void;
  values(): AsyncGenerator<T>;
}

export function createEventQueue<T>(): EventQueue<T> {
  const waiting: T[] = [];
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => {};
  const end = () => {
    ended = true;
    wake();
  };
  return {
    push(value) {
      waiting.push(value);
      wake();
    },
    close: end,
    fail(error) {
      failure = { error };
      end();
    },
    async *values() {
      for (;;) {
        for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) yield value;
        if (failure !== undefined) throw failure.error;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
