import { byte, choice, type Expression, NOTHING, sequence } from './expression.ts';

/** Code points from…to, both included. */
export type Range = readonly [from: number, to: number];

export const LAST_CODE_POINT = 0x10ffff;
const SURROGATES: Range = [0xd800, 0xdfff];
/** Last code point of one, two, three and four bytes (RFC 3629). */
const LENGTH_ENDS = [0x7f, 0x7ff, 0xffff, LAST_CODE_POINT];

/** Ascending, disjoint, without surrogates. */
export function normalise(ranges: readonly Range[]): readonly Range[] {
  const sorted = subtractSurrogates([...ranges].sort((a, b) => a[0] - b[0]));
  const merged: Range[] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) merged[merged.length - 1] = [last[0], Math.max(last[1], to)];
    else merged.push([from, to]);
  }
  return merged;
}

/** All code points but these. */
export function complement(ranges: readonly Range[]): readonly Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const [from, to] of normalise(ranges)) {
    if (from > next) gaps.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= LAST_CODE_POINT) gaps.push([next, LAST_CODE_POINT]);
  return normalise(gaps);
}

export function intersect(left: readonly Range[], right: readonly Range[]): readonly Range[] {
  const out: Range[] = [];
  for (const [a, b] of left) {
    for (const [c, d] of right) if (Math.max(a, c) <= Math.min(b, d)) out.push([Math.max(a, c), Math.min(b, d)]);
  }
  return normalise(out);
}

/** One character of the ranges, as UTF-8. */
export function characters(ranges: readonly Range[]): Expression {
  const options: Expression[] = [];
  for (const [from, to] of normalise(ranges)) {
    let start = from;
    for (const end of LENGTH_ENDS) {
      if (start > end || start > to) continue;
      addByteSequences(options, encode(start), encode(Math.min(to, end)));
      start = end + 1;
    }
  }
  return options.length === 0 ? NOTHING : choice(...options);
}

function subtractSurrogates(ranges: readonly Range[]): readonly Range[] {
  return ranges.flatMap(([from, to]): Range[] => {
    const [low, high] = SURROGATES;
    if (to < low || from > high) return [[from, to]];
    const parts: Range[] = [];
    if (from < low) parts.push([from, low - 1]);
    if (to > high) parts.push([high + 1, to]);
    return parts;
  });
}

/** Sequences of byte ranges that together are exactly low…high, two encodings of one length: split where leading bytes part. */
function addByteSequences(out: Expression[], low: readonly number[], high: readonly number[]): void {
  const [a, ...lowRest] = low as [number, ...number[]];
  const [b, ...highRest] = high as [number, ...number[]];
  if (lowRest.length === 0) {
    out.push(byte(a, b));
    return;
  }
  if (a === b) {
    const tails: Expression[] = [];
    addByteSequences(tails, lowRest, highRest);
    out.push(sequence(byte(a), choice(...tails)));
    return;
  }
  const least = lowRest.map(() => 0x80);
  const most = lowRest.map(() => 0xbf);
  const wholeFrom = lowRest.every((value) => value === 0x80) ? a : a + 1;
  const wholeTo = highRest.every((value) => value === 0xbf) ? b : b - 1;
  if (wholeFrom > a) addByteSequences(out, low, [a, ...most]);
  if (wholeFrom <= wholeTo) out.push(sequence(byte(wholeFrom, wholeTo), ...least.map((value, i) => byte(value, most[i]))));
  if (wholeTo < b) addByteSequences(out, [b, ...least], high);
}

function encode(codePoint: number): readonly number[] {
  return [...new TextEncoder().encode(String.fromCodePoint(codePoint))];
}
