import { dataError } from './errors.ts';

/**
 * Text is split by a regular expression that is run on at most this many UTF-16 units at once: on longer runs of letters outside the
 * basic plane the engine's own stack would decide whether it works.
 */
export const SEGMENT_UNITS = 65_536;

/**
 * Length of the first segment of `text` when more than a segment is there. It ends at the last place in the window where a space or line
 * feed follows something that is no white space: the split never joins across such a place, so cutting there changes no token. A window
 * without one is cut at its end, between two code points.
 */
function firstSegmentLength(text: string, from: number, atLines: boolean): number {
  const end = from + SEGMENT_UNITS;
  for (let i = end; i > from; i--) {
    const unit = text.charCodeAt(i);
    if ((unit === 0x20 || (atLines && unit === 0x0a)) && !isSpace(text.charAt(i - 1))) return i - from;
  }
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last < 0xdc00 ? SEGMENT_UNITS - 1 : SEGMENT_UNITS;
}

function isSpace(character: string): boolean {
  return /\s/.test(character);
}

/** A text that may be cut nowhere is held in memory as a whole. */
const MAX_UNCUT_UNITS = 2 ** 26;

/**
 * Cuts a text that arrives in pieces into the same segments as the whole text has, however it arrives.
 * @param complete called with each segment, in order
 * @param cut where it may be cut: before a space or a line feed; before a space only (splits that keep line feeds with the punctuation
 * before them); undefined: nowhere. @throws DATA_TOO_LARGE from `push` for a text that is too long then
 */
export function createSegmenter(complete: (segment: string) => void, cut: 'space-or-line' | 'space' | undefined = 'space-or-line') {
  let pending = '';
  return {
    push(piece: string): void {
      pending += piece;
      if (cut === undefined) {
        if (pending.length <= MAX_UNCUT_UNITS) return;
        throw dataError(
          'DATA_TOO_LARGE',
          `a document is longer than ${MAX_UNCUT_UNITS} characters, and this tokenizer needs it whole: cut it in parts`,
        );
      }
      let at = 0;
      // One unit beyond the window must be known: it may be the space to cut before.
      while (pending.length - at > SEGMENT_UNITS) {
        const length = firstSegmentLength(pending, at, cut === 'space-or-line');
        complete(pending.slice(at, at + length));
        at += length;
      }
      pending = pending.slice(at);
    },
    end(): void {
      if (pending.length > 0) complete(pending);
      pending = '';
    },
  };
}
