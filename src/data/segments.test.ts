import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSegmenter, SEGMENT_UNITS } from './segments.ts';

function segmentsOf(pieces: readonly string[]): string[] {
  const segments: string[] = [];
  const segmenter = createSegmenter((segment) => segments.push(segment));
  for (const piece of pieces) segmenter.push(piece);
  segmenter.end();
  return segments;
}

const words = fc.constantFrom('whale ', 'a\n\n', '  ', '\u{10400}', 'x', "it's ", '\u2003');
/** Up to five windows long: some units, each repeated until it matters. */
const longText = fc.array(fc.tuple(words, fc.integer({ min: 1, max: SEGMENT_UNITS })), { minLength: 1, maxLength: 5 }).map((runs) => {
  return runs.map(([word, count]) => word.repeat(Math.ceil(count / word.length))).join('');
});

test('a text has the same segments however it arrives, none too long, none cutting a character', () => {
  fc.assert(
    fc.property(longText, fc.array(fc.nat(), { maxLength: 4 }), (text, cuts) => {
      const whole = segmentsOf([text]);
      const edges = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
      expect(segmentsOf(edges.slice(1).map((edge, i) => text.slice(edges[i], edge)))).toEqual(whole);
      expect(whole.join('')).toBe(text);
      expect(whole.every((segment) => segment.length <= SEGMENT_UNITS && !/^[\udc00-\udfff]|[\ud800-\udbff]$/.test(segment))).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('segments end before white space where there is any', () => {
  const segments = segmentsOf(['whale '.repeat(40_000)]);
  expect(segments.length).toBeGreaterThan(3);
  expect(segments.slice(1).every((segment) => segment.startsWith(' whale'))).toBe(true);
});
