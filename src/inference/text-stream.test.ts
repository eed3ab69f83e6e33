import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../primitives/bytes.ts';
import { createTextStream } from './text-stream.ts';

function feed(chunks: readonly Uint8Array[], stops: readonly string[]) {
  const stream = createTextStream(stops);
  let text = '';
  for (const chunk of chunks) {
    const step = stream.push(chunk);
    text += step.text;
    if (step.stopped) return { text, stopped: true };
  }
  return { text: text + stream.end(), stopped: false };
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
        expect(feed(cut(utf8('To be\nUser: or not\nUser: to be'), at), ['\nUser:', 'zzz'])).toEqual({ text: 'To be', stopped: true });
      }),
    );
  });

  it('shows what only looked like the beginning of a stop sequence', () => {
    expect(feed([utf8('a\nUs'), utf8('ual')], ['\nUser:'])).toEqual({ text: 'a\nUsual', stopped: false });
    expect(feed([utf8('a\nUser')], ['\nUser:'])).toEqual({ text: 'a\nUser', stopped: false });
  });
});
