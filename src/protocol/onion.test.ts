import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { createOnion, onionHash } from './onion.ts';
import { named } from './testing/network.ts';

describe('an onion', () => {
  const onion = createOnion(named('onion', 'test'), 200);

  it('unrolls from its tip, each element hashing to the one before, until it is used up', () => {
    let revealed = onion.tip;
    for (let i = 0; i < 200; i++) {
      const preimage = onion.preimageOf(revealed);
      if (preimage === undefined) throw new Error(`used up after ${i}`);
      expect(onionHash(preimage)).toEqual(revealed);
      revealed = preimage;
    }
    expect(onion.preimageOf(revealed)).toBeUndefined();
  });

  it('knows how many elements are left after one', () => {
    const first = onion.preimageOf(onion.tip) ?? onion.tip;
    expect([onion.leftAfter(onion.tip), onion.leftAfter(first), onion.leftAfter(named('foreign', 0))]).toEqual([200, 199, undefined]);
  });

  it('does not know foreign elements', () => {
    expect(onion.preimageOf(named('foreign', 0))).toBeUndefined();
    expect(onion.preimageOf(onion.tip.slice(1))).toBeUndefined();
    expect(onion.preimageOf(createOnion(named('onion', 'other'), 200).tip)).toBeUndefined();
  });

  it('finds an element given as a view into other bytes', () => {
    const padded = new Uint8Array([1, 2, 3, ...onion.tip]);
    expect(onion.preimageOf(padded.subarray(3))).toEqual(onion.preimageOf(onion.tip));
    expect(onion.preimageOf(Buffer.from(padded.buffer).subarray(3))).toEqual(onion.preimageOf(onion.tip));
  });

  it('follows from its seed: a restart continues where it was', () => {
    expect(createOnion(named('onion', 'test'), 200).tip).toEqual(onion.tip);
    expect(toHex(createOnion(new Uint8Array(32), 3).tip)).toBe('0x8fda0c6cc8f3300d2e0b289385ef6a6cb6d49718d8e890bd338ca4015dab4de4');
  });
});
