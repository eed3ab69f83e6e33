import type { Output } from '../io.ts';

const ENTER_ALTERNATE = '\x1b[?1049h';
const LEAVE_ALTERNATE = '\x1b[?1049l';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const HOME = '\x1b[H';
const CLEAR_TO_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** A full terminal that is drawn over and over without flicker, and given back as it was. */
export interface Screen {
  draw(lines: readonly string[]): void;
  /** Leaves the last frame in the ordinary terminal. Calling it again does nothing. */
  close(): void;
}

export function openScreen(output: Output): Screen {
  let last: readonly string[] = [];
  let open = true;
  output.write(`${ENTER_ALTERNATE}${HIDE_CURSOR}`);
  return {
    draw(lines) {
      if (!open) return;
      last = lines;
      // One write, each line cleared only behind its text: the eye sees no empty screen in between.
      output.write(`${HOME}${lines.map((line) => `${line}${CLEAR_TO_LINE_END}`).join('\r\n')}${CLEAR_BELOW}`);
    },
    close() {
      if (!open) return;
      open = false;
      output.write(`${SHOW_CURSOR}${LEAVE_ALTERNATE}${last.map((line) => `${line}\n`).join('')}`);
    },
  };
}
