import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../primitives/bytes.ts';
import { createTextStream } from './text-stream.ts';

function feed(chunks: readonly Uint8Array[], stops: readonly string[]) {
  const stream = createTextStream<number>(stops);
  const entries: number[] = [];
  let text = '';
  for (const [i, chunk] of chunks.entries()) {
    const step = stream.push(chunk, i);
    text += step.text;
    entries.push(...step.entries);
    if (step.stopped) return { text, entries, stopped: true };
  }
  const rest = stream.end();
  return { text: text + rest.text, entries: [...entries, ...rest.entries], stopped: false };
}

const cut = (bytes: Uint8Array, at: readonly number[]) => {
  const points = [...new Set([0, ...at.map((point) => point % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return points.slice(1).map((end, i) => bytes.subarray(points[i] as number, end));
};

describe('createTextStream', () => {
  it('gives the same text however the bytes are cut, characters of several bytes included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.nat(200)), (text, at) => {
        expect(feed(cut(utf8(text), at), []).text).toBe(text.replace(/^\uFEFF/, ''));
      }),
    );
  });

  it('ends before the first stop sequence, wherever token borders fall in it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60)), (at) => {
        expect(feed(cut(utf8('To be\nUser: or not\nUser: to be'), at), ['\nUser:', 'zzz'])).toMatchObject({ text: 'To be', stopped: true });
      }),
    );
  });

  it('shows what only looked like the beginning of a stop sequence', () => {
    expect(feed([utf8('a\nUs'), utf8('ual')], ['\nUser:'])).toEqual({ text: 'a\nUsual', entries: [0, 1], stopped: false });
    expect(feed([utf8('a'), utf8('b\nUs'), utf8('er:'), utf8('c')], ['\nUser:'])).toEqual({ text: 'ab', entries: [0], stopped: true });
    expect(feed([utf8('a\nUser')], ['\nUser:'])).toEqual({ text: 'a\nUser', entries: [0], stopped: false });
  });
});
