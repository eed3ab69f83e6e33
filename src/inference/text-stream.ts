/** Turns a stream of token bytes into text that is safe to show, and notices stop sequences. */
export interface TextStream<Entry> {
  /** Text that became certain, with the entries of the tokens it ends; `stopped` once a stop sequence was met (it and what follows are not shown). */
  push(bytes: Uint8Array, entry: Entry): Shown<Entry> & { readonly stopped: boolean };
  /** What was held back, when no more tokens come. */
  end(): Shown<Entry>;
}

interface Shown<Entry> {
  readonly text: string;
  readonly entries: readonly Entry[];
}

export function createTextStream<Entry>(stops: readonly string[]): TextStream<Entry> {
  const decoder = new TextDecoder('utf-8');
  /** Decoded, not shown yet: it may be the beginning of a stop sequence. */
  let held = '';
  let decoded = 0;
  let shown = 0;
  /** Entries not shown, each with the length of all text decoded when it came. */
  let waiting: { readonly entry: Entry; readonly end: number }[] = [];

  function show(text: string): Shown<Entry> {
    shown += text.length;
    const ready = waiting.findIndex(({ end }) => end > shown);
    const entries = waiting.splice(0, ready === -1 ? waiting.length : ready).map(({ entry }) => entry);
    return { text, entries };
  }

  function release(): Shown<Entry> & { stopped: boolean } {
    const found = stops.map((stop) => held.indexOf(stop)).filter((index) => index >= 0);
    if (found.length > 0) {
      const text = held.slice(0, Math.min(...found));
      held = '';
      const result = show(text);
      waiting = [];
      return { ...result, stopped: true };
    }
    const keep = Math.max(0, ...stops.map((stop) => overlap(held, stop)));
    const text = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return { ...show(text), stopped: false };
  }

  function take(text: string): void {
    held += text;
    decoded += text.length;
  }

  return {
    push(bytes, entry) {
      take(decoder.decode(bytes, { stream: true }));
      waiting.push({ entry, end: decoded });
      return release();
    },
    end() {
      take(decoder.decode());
      const { text, entries, stopped } = release();
      if (stopped) return { text, entries };
      const rest = show(held);
      held = '';
      return { text: text + rest.text, entries: [...entries, ...rest.entries] };
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
