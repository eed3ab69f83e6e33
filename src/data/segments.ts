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
function firstSegmentLength(text: string, from: number): number {
  const end = from + SEGMENT_UNITS;
  for (let i = end; i > from; i--) {
    const unit = text.charCodeAt(i);
    if ((unit === 0x20 || unit === 0x0a) && !isSpace(text.charAt(i - 1))) return i - from;
  }
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last < 0xdc00 ? SEGMENT_UNITS - 1 : SEGMENT_UNITS;
}

function isSpace(character: string): boolean {
  return /\s/.test(character);
}

/**
 * Cuts a text that arrives in pieces into the same segments as the whole text has, however it arrives.
 * @param complete called with each segment, in order
 */
export function createSegmenter(complete: (segment: string) => void) {
  let pending = '';
  return {
    push(piece: string): void {
      pending += piece;
      let at = 0;
      // One unit beyond the window must be known: it may be the space to cut before.
      while (pending.length - at > SEGMENT_UNITS) {
        const length = firstSegmentLength(pending, at);
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
