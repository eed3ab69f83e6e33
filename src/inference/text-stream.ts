/** Turns a stream of token bytes into text that is safe to show, and notices stop sequences. */
export interface TextStream {
  /** Text that became certain; `stopped` once a stop sequence was met (it and what follows are not shown). */
  push(bytes: Uint8Array): { readonly text: string; readonly stopped: boolean };
  /** What was held back, when no more tokens come. */
  end(): string;
}

export function createTextStream(stops: readonly string[]): TextStream {
  const decoder = new TextDecoder('utf-8');
  /** Decoded, not shown yet: it may be the beginning of a stop sequence. */
  let held = '';

  function release(): { text: string; stopped: boolean } {
    const found = stops.map((stop) => held.indexOf(stop)).filter((index) => index >= 0);
    if (found.length > 0) {
      const text = held.slice(0, Math.min(...found));
      held = '';
      return { text, stopped: true };
    }
    const keep = Math.max(0, ...stops.map((stop) => overlap(held, stop)));
    const text = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return { text, stopped: false };
  }

  return {
    push(bytes) {
      held += decoder.decode(bytes, { stream: true });
      return release();
    },
    end() {
      held += decoder.decode();
      const { text, stopped } = release();
      const rest = stopped ? '' : held;
      held = '';
      return text + rest;
    },
  };
}

/** Length of the longest proper prefix of `stop` that `text` ends with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
