import { decode as referenceDecode, encode as referenceEncode } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, type Hex, toHex, utf8 } from '../primitives/bytes.ts';
import { MAX_RLP_DEPTH } from './limits.ts';
import { decodeRlp, encodeRlp, type RlpItem } from './rlp.ts';

const LOREM = utf8('Lorem ipsum dolor sit amet, consectetur adipisicing elit');

/** From ethereum/tests, RLPTests/rlptest.json. */
const VECTORS: readonly (readonly [string, RlpItem, Hex])[] = [
  ['empty string', utf8(''), '0x80'],
  ['zero byte', Uint8Array.of(0), '0x00'],
  ['byte 7f', Uint8Array.of(0x7f), '0x7f'],
  ['byte 80', Uint8Array.of(0x80), '0x8180'],
  ['short string', utf8('dog'), '0x83646f67'],
  ['56-byte string', LOREM, `0xb838${toHex(LOREM).slice(2)}`],
  ['empty list', [], '0xc0'],
  ['string list', ['dog', 'god', 'cat'].map(utf8), '0xcc83646f6783676f6483636174'],
  ['list of lists', [[[], []], []], '0xc4c2c0c0c0'],
  ['set of three', [[], [[]], [[], [[]]]], '0xc7c0c1c0c3c0c1c0'],
];

const anyItem = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.uint8Array({ maxLength: 70 }),
    fc.array(tie('item'), { maxLength: 6 }) as fc.Arbitrary<RlpItem>,
  ),
})).item;

const malformed = expect.objectContaining({ code: 'CODEC_MALFORMED' });
/** ethereumjs wants mutable arrays. */
const copied = (item: RlpItem): Parameters<typeof referenceEncode>[0] => (item instanceof Uint8Array ? item : item.map(copied));

describe('RLP', () => {
  it.each(VECTORS)('agrees with the Ethereum test vector "%s"', (_name, item, hex) => {
    expect(toHex(encodeRlp(item))).toBe(hex);
    expect(decodeRlp(fromHex(hex))).toEqual(item);
  });

  it('agrees with ethereumjs on any item, and on lengths around each change of form', () => {
    const check = (item: RlpItem) => {
      const bytes = encodeRlp(item);
      expect(toHex(bytes)).toBe(toHex(referenceEncode(copied(item))));
      expect(decodeRlp(bytes)).toEqual(item);
    };
    fc.assert(fc.property(anyItem, check), { numRuns: 200 });
    for (const length of [1, 55, 56, 255, 256, 65_535, 65_536]) {
      check(new Uint8Array(length).fill(1));
      check([new Uint8Array(length).fill(0xff)]);
    }
  });

  it('gives plain bytes of a Buffer, whose slice would not be a copy', () => {
    const item = decodeRlp(Buffer.from(encodeRlp([Uint8Array.of(1, 200)])));
    const [bytes] = item as readonly [Uint8Array];
    expect(bytes.constructor).toBe(Uint8Array);
    expect(bytes.slice().buffer.byteLength).toBe(2);
  });

  it('accepts what ethereumjs accepts of random bytes, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        let ours: RlpItem | undefined;
        try {
          ours = decodeRlp(bytes);
        } catch (error) {
          expect(error).toEqual(malformed);
        }
        if (ours === undefined) {
          // ethereumjs takes some forms that are not canonical; what it writes again is then something else.
          let reference: Uint8Array | undefined;
          try {
            reference = referenceEncode(referenceDecode(bytes));
          } catch {
            reference = undefined;
          }
          expect(reference === undefined || toHex(reference) !== toHex(bytes)).toBe(true);
        } else {
          expect(encodeRlp(ours)).toEqual(bytes);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['nothing', '0x'],
    ['trailing bytes', '0x0000'],
    ['a prefixed single byte', '0x8105'],
    ['a cut string', '0x8264'],
    ['a cut list', '0xc3c0'],
    ['a child past its list', '0xc2836464'],
    ['a short string in the long form', '0xb80164'],
    ['a short list in the long form', '0xf801c0'],
    ['55 bytes in the long form', `0xb837${'aa'.repeat(55)}`],
    ['a list of 55 bytes in the long form', `0xf837${'80'.repeat(55)}`],
    ['a length with leading zeros', `0xb90038${'00'.repeat(56)}`],
    ['a length past the end', '0xbbffffffff'],
    ['a length that no double counts exactly', '0xbfffffffffffffffff00'],
  ])('refuses %s', (_name, hex) => {
    expect(() => decodeRlp(fromHex(hex))).toThrow(malformed);
  });

  it('refuses deep nesting before it costs anything', () => {
    const nested = (levels: number) => {
      let item: RlpItem = [];
      for (let i = 0; i < levels; i++) item = [item];
      return item;
    };
    expect(decodeRlp(encodeRlp(nested(MAX_RLP_DEPTH)))).toEqual(nested(MAX_RLP_DEPTH));
    expect(() => decodeRlp(encodeRlp(nested(MAX_RLP_DEPTH + 1)))).toThrow(malformed);
    expect(() => decodeRlp(encodeRlp(nested(1000)))).toThrow(malformed);
  });
});
