import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { gradientDigest } from './gradient-digest.ts';

describe('gradientDigest', () => {
  it('changes with any bit of any value', () => {
    const vector = fc
      .uint8Array({ minLength: 4, maxLength: 200 })
      .map((bytes) => new Uint32Array(bytes.slice(0, bytes.length & ~3).slice().buffer));
    fc.assert(
      fc.property(vector, fc.nat(), fc.integer({ min: 0, max: 31 }), (words, at, bit) => {
        const changed = words.slice();
        const index = at % words.length;
        changed[index] = ((words[index] as number) ^ (1 << bit)) >>> 0;
        const digest = (of: Uint32Array) => toHex(gradientDigest(new Float32Array(of.buffer)));
        expect(digest(changed)).not.toBe(digest(words));
      }),
    );
  });

  it('is the same on every machine', () => {
    const gradient = Float32Array.from({ length: 1001 }, (_, i) => Math.fround(i / 7 - 70));
    expect(toHex(gradientDigest(gradient))).toMatchInlineSnapshot(`"0x1b99e0b0aa9d2909b87f5a2e3138c5da4967bfe483bfe550f6d83f8b7cc39666"`);
  });

  it('tells +0 from −0: bits count', () => {
    expect(gradientDigest(Float32Array.of(0))).not.toEqual(gradientDigest(Float32Array.of(-0)));
  });
});
