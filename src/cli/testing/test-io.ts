import { Readable } from 'node:stream';
import type { Clock } from '../../primitives/clock.ts';
import type { Io } from '../io.ts';

export interface TestIo extends Io {
  /** What was written so far. */
  readonly output: () => string;
  readonly errors: () => string;
  interrupt(signal?: 'SIGINT' | 'SIGTERM'): void;
  readonly exits: readonly number[];
}

export interface TestIoOptions {
  readonly terminal?: boolean;
  readonly columns?: number;
  readonly input?: string;
  readonly environment?: Io['environment'];
  readonly workingDirectory?: string;
  /** Answers requests; without it nobody listens anywhere. */
  readonly fetch?: (url: string, init: RequestInit | undefined) => Response | Promise<Response>;
}

/** A process without a world: streams in memory, a clock that jumps instead of waiting, a network of one function. */
export function testIo(options: TestIoOptions = {}): TestIo {
  const { terminal = false, columns = 80 } = options;
  let output = '';
  let errors = '';
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const exits: number[] = [];
  const size = { isTerminal: terminal, columns: () => columns, rows: () => 40 };
  return {
    out: {
      ...size,
      write(text) {
        output += text;
      },
    },
    err: {
      ...size,
      write(text) {
        errors += text;
      },
    },
    input: Readable.from(options.input === undefined ? [] : [options.input]),
    environment: options.environment ?? {},
    workingDirectory: options.workingDirectory ?? '/nowhere',
    fetch: async (input, init) => {
      if (options.fetch === undefined) throw unreachable();
      return options.fetch(String(input), init);
    },
    clock: jumpingClock(),
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exitNow: (code) => exits.push(code),
    output: () => output,
    errors: () => errors,
    exits,
    interrupt(signal = 'SIGINT') {
      for (const listener of [...listeners]) listener(signal);
    },
  };
}

/** As fetch of Node throws it. */
export function unreachable(): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) });
}

export function jsonResponse(document: unknown, status = 200): Response {
  return new Response(JSON.stringify(document), { status, headers: { 'content-type': 'application/json' } });
}

/** Waiting takes no time, but for letting everything else run; `now` says that it did. */
function jumpingClock(): Clock {
  let now = 1_700_000_000_000;
  return {
    now: () => now,
    after(ms, callback) {
      const timer = setImmediate(() => {
        now += ms;
        callback();
      });
      return () => clearImmediate(timer);
    },
  };
}
