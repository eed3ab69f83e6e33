import type { WriteStream } from 'node:tty';
import { systemClock } from '../primitives/clock.ts';
import type { Io, Output } from './io.ts';

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** The real process: its streams, signals, environment and network. */
export function systemIo(): Io {
  return {
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    input: process.stdin,
    environment: process.env,
    workingDirectory: process.cwd(),
    fetch: globalThis.fetch,
    clock: systemClock,
    onInterrupt(listener) {
      process.on('SIGINT', listener);
      process.on('SIGTERM', listener);
      return () => {
        process.off('SIGINT', listener);
        process.off('SIGTERM', listener);
      };
    },
    exitNow: (code) => process.exit(code),
  };
}

function outputOf(stream: WriteStream): Output {
  return {
    write(text) {
      stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    // A terminal that was not told its size, as in some containers, says 0.
    columns: () => stream.columns || DEFAULT_COLUMNS,
    rows: () => stream.rows || DEFAULT_ROWS,
  };
}
