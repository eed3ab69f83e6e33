import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { encodeRlp, type RlpItem } from './rlp.ts';
import {
  address,
  ascendingAddresses,
  bigUint,
  blob,
  bytes,
  codec,
  f32,
  integer,
  list,
  oneOf,
  optional,
  type Shape,
  struct,
  uint,
  union,
} from './shape.ts';

const encode = <T>(shape: Shape<T>, value: T) => toHex(codec('value', shape, 1000).encode(value));
const decode = <T>(shape: Shape<T>, item: RlpItem) => codec('value', shape, 1000).decode(encodeRlp(item));
const fails = (code: string, path = 'value') => expect.objectContaining({ code, data: { path } });
const b = (...values: number[]) => Uint8Array.from(values);

describe('integers', () => {
  it('are big-endian without leading zeros, exact up to 2^53 − 1', () => {
    expect(encode(uint, 0)).toBe('0x80');
    expect(encode(uint, 127)).toBe('0x7f');
    expect(encode(uint, 1024)).toBe('0x820400');
    expect(encode(uint, Number.MAX_SAFE_INTEGER)).toBe('0x871fffffffffffff');
    expect(decode(uint, fromHex('0x1fffffffffffff'))).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('are refused when too large, longer than needed, negative or fractional', () => {
    expect(() => decode(uint, fromHex('0x20000000000000'))).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => decode(uint, fromHex('0xffffffffffffffff'))).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => decode(uint, new Uint8Array(9).fill(1))).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => decode(uint, b(0))).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => decode(uint, b(0, 1))).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => decode(uint, [])).toThrow(fails('CODEC_WRONG_SHAPE'));
    for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => encode(uint, value)).toThrow(fails('CODEC_BAD_INTEGER'));
    }
  });

  it('may have another range', () => {
    const small = integer(-1, 5);
    expect(encode(small, -1)).toBe('0x80');
    expect(decode(small, b(6))).toBe(5);
    expect(() => decode(small, b(7))).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => encode(small, -2)).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => encode(small, 6)).toThrow(fails('CODEC_BAD_INTEGER'));
    const open = integer(-1);
    fc.assert(
      fc.property(fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER - 1 }), (value) => {
        expect(decode(open, open.toItem(value, ''))).toBe(value);
      }),
    );
    expect(() => encode(open, Number.MAX_SAFE_INTEGER)).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => decode(open, fromHex('0x20000000000000'))).toThrow(fails('CODEC_BAD_INTEGER'));
  });

  it('may be large within a number of bytes', () => {
    const word = bigUint(32);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        expect(decode(word, word.toItem(value, ''))).toBe(value);
      }),
    );
    expect(() => encode(word, 2n ** 256n)).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => encode(word, -1n)).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => decode(word, new Uint8Array(33).fill(1))).toThrow(fails('CODEC_BAD_INTEGER'));
    expect(() => decode(word, b(0, 1))).toThrow(fails('CODEC_BAD_INTEGER'));
  });
});

describe('floats', () => {
  it('are their four bytes; zero has two', () => {
    expect(encode(f32, 1)).toBe('0x843f800000');
    expect(encode(f32, 0)).toBe('0x8400000000');
    expect(encode(f32, -0)).toBe('0x8480000000');
    expect(decode(f32, fromHex('0x80000000'))).toBe(-0);
    expect(decode(f32, fromHex('0x00000001'))).toBe(2 ** -149);
  });

  it('are refused when not finite, not 32-bit, or of another length', () => {
    for (const hex of ['0x7f800000', '0xff800000', '0x7fc00000', '0x7f800001']) {
      expect(() => decode(f32, fromHex(hex))).toThrow(fails('CODEC_BAD_FLOAT'));
    }
    for (const value of [0.1, Number.NaN, Number.NEGATIVE_INFINITY, 1e39]) {
      expect(() => encode(f32, value)).toThrow(fails('CODEC_BAD_FLOAT'));
    }
    expect(() => decode(f32, b(1))).toThrow(fails('CODEC_WRONG_LENGTH'));
  });
});

describe('byte strings', () => {
  it('have their length, or at most their limit', () => {
    expect(() => decode(bytes(3), b(1, 2))).toThrow(fails('CODEC_WRONG_LENGTH'));
    expect(() => encode(bytes(3), b(1, 2, 3, 4))).toThrow(fails('CODEC_WRONG_LENGTH'));
    expect(() => decode(bytes(3), [])).toThrow(fails('CODEC_WRONG_SHAPE'));
    expect(decode(blob(3), b(1, 2, 3))).toEqual(b(1, 2, 3));
    expect(() => decode(blob(3), b(1, 2, 3, 4))).toThrow(fails('CODEC_TOO_LARGE'));
    expect(() => encode(blob(3), b(1, 2, 3, 4))).toThrow(fails('CODEC_TOO_LARGE'));
  });

  it('do not keep the message they came in', () => {
    const message = encodeRlp(b(1, 2, 3));
    const decoded = codec('value', bytes(3), 1000).decode(message);
    message.fill(0);
    expect(decoded).toEqual(b(1, 2, 3));
    expect(decoded.buffer.byteLength).toBe(3);
  });
});

describe('lists', () => {
  it('are bounded', () => {
    expect(decode(list(uint, 2), [b(1), b(2)])).toEqual([1, 2]);
    expect(() => decode(list(uint, 2), [b(1), b(2), b(3)])).toThrow(fails('CODEC_TOO_LARGE'));
    expect(() => encode(list(uint, 2), [1, 2, 3])).toThrow(fails('CODEC_TOO_LARGE'));
    expect(() => decode(list(uint, 2), b(1))).toThrow(fails('CODEC_WRONG_SHAPE'));
    expect(() => decode(list(uint, 2), [b(1), b(0)])).toThrow(fails('CODEC_BAD_INTEGER', 'value[1]'));
  });

  it('may have to ascend and name each key once', () => {
    const sorted = ascendingAddresses(10);
    const [one, two] = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)] as const;
    expect(decode(sorted, [one, two])).toEqual([one, two]);
    expect(() => decode(sorted, [two, one])).toThrow(fails('CODEC_NOT_ASCENDING', 'value[1]'));
    expect(() => decode(sorted, [one, one])).toThrow(fails('CODEC_NOT_ASCENDING', 'value[1]'));
    expect(() => encode(sorted, [two, one])).toThrow(fails('CODEC_NOT_ASCENDING', 'value[1]'));
    expect(compareBytes(one, two)).toBeLessThan(0);
  });
});

describe('structures', () => {
  interface Point {
    readonly x: number;
    readonly note: number | undefined;
  }
  const point: Shape<Point> = struct<Point>({ x: uint, note: optional(uint) });
  type Figure = { readonly kind: 'dot'; readonly at: Point } | { readonly kind: 'nothing' };
  const figure: Shape<Figure> = union<Figure, 'kind'>('kind', {
    dot: { tag: 1, fields: { at: point } },
    nothing: { tag: 2, fields: {} },
  });

  it('are the list of their fields in order', () => {
    expect(encode(point, { x: 5, note: undefined })).toBe('0xc205c0');
    expect(encode(point, { x: 5, note: 6 })).toBe('0xc305c106');
    expect(decode(point, [b(5), [b(6)]])).toEqual({ x: 5, note: 6 });
    expect(() => decode(point, [b(5)])).toThrow(fails('CODEC_WRONG_SHAPE'));
    expect(() => decode(point, [b(5), [], []])).toThrow(fails('CODEC_WRONG_SHAPE'));
    expect(() => decode(point, [b(5), [b(6), b(7)]])).toThrow(fails('CODEC_WRONG_SHAPE', 'value.note'));
  });

  it('are told apart by a tag', () => {
    expect(encode(figure, { kind: 'nothing' })).toBe('0xc102');
    expect(encode(figure, { kind: 'dot', at: { x: 1, note: undefined } })).toBe('0xc401c201c0');
    expect(decode(figure, [b(1), [b(1), []]])).toEqual({ kind: 'dot', at: { x: 1, note: undefined } });
    expect(() => decode(figure, [b(3)])).toThrow(fails('CODEC_UNKNOWN_TAG', 'value.kind'));
    expect(() => decode(figure, [])).toThrow(fails('CODEC_WRONG_SHAPE'));
    expect(() => decode(figure, [b(2), b(1)])).toThrow(fails('CODEC_WRONG_SHAPE'));
    expect(() => encode(figure, { kind: 'toString' } as unknown as Figure)).toThrow(fails('CODEC_UNKNOWN_TAG', 'value.kind'));
  });

  it('name the field at fault, however deep', () => {
    expect(() => decode(figure, [b(1), [b(0), []]])).toThrow(fails('CODEC_BAD_INTEGER', 'value.at.x'));
    expect(() => decode(list(struct<{ who: Uint8Array }>({ who: address }), 5), [[b(1)]])).toThrow(
      fails('CODEC_WRONG_LENGTH', 'value[0].who'),
    );
  });

  it('may be one of a few names', () => {
    const step = oneOf({ first: 1, second: 2 });
    expect(encode(step, 'second')).toBe('0x02');
    expect(decode(step, b(1))).toBe('first');
    expect(() => decode(step, b(3))).toThrow(fails('CODEC_UNKNOWN_TAG'));
  });
});

describe('messages', () => {
  it('are bounded before they are parsed', () => {
    const small = codec('small', blob(100), 10);
    expect(() => small.decode(new Uint8Array(11))).toThrow(fails('CODEC_TOO_LARGE', 'small'));
    expect(() => small.encode(new Uint8Array(50))).toThrow(fails('CODEC_TOO_LARGE', 'small'));
  });
});
