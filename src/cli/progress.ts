import type { Output } from './io.ts';
import { clip } from './text.ts';

const CLEAR_LINE = '\r\x1b[2K';
const PLAIN_INTERVAL_MS = 5000;

/** One line that says what a slow command is doing: rewritten in place on a terminal, repeated now and then in a log. */
export interface Progress {
  update(text: string): void;
  /** Removes the line from a terminal. */
  clear(): void;
}

export function createProgress(output: Output, now: () => number): Progress {
  let shown = false;
  let lastPlainAt = now();
  return {
    update(text) {
      if (output.isTerminal) {
        output.write(`${CLEAR_LINE}${clip(text, output.columns() - 1)}`);
        shown = true;
      } else if (now() - lastPlainAt >= PLAIN_INTERVAL_MS) {
        output.write(`${text}\n`);
        lastPlainAt = now();
      }
    },
    clear() {
      if (shown) output.write(CLEAR_LINE);
      shown = false;
    },
  };
}
