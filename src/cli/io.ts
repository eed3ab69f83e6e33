import type { Readable } from 'node:stream';
import type { Clock } from '../primitives/clock.ts';

/** A text stream and the terminal behind it, if there is one. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Size of the terminal now, in characters. */
  columns(): number;
  rows(): number;
}

/** All that a command may touch of the world, but for files and child processes. */
export interface Io {
  readonly out: Output;
  /** Errors, progress and questions: never mixed into what a command prints for others to read. */
  readonly err: Output;
  readonly input: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** SIGINT or SIGTERM. While nobody listens, either ends the process as usual. Returns the way to stop listening. */
  onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Ends the process at once: only for a second Ctrl-C. */
  exitNow(code: number): void;
}

/** Waits, or returns early when the signal is aborted. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
