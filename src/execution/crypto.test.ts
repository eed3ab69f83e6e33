import { ecrecover } from '@ethereumjs/util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keccak256 } from '../primitives/hash.ts';
import { signerFromPrivateKey } from '../primitives/keys.ts';
import { executionCrypto } from './crypto.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const unpadded = (bytes: Uint8Array) => bytes.subarray(bytes.findIndex((byte) => byte !== 0));

describe('executionCrypto', () => {
  it('hashes as noble does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(executionCrypto.keccak256?.(bytes)).toStrictEqual(keccak256(bytes));
      }),
    );
  });

  it('gives hashes of their own', () => {
    const first = executionCrypto.keccak256?.(Uint8Array.of(1));
    const copy = first?.slice();
    executionCrypto.keccak256?.(Uint8Array.of(2));
    expect(first).toStrictEqual(copy);
  });

  it('recovers as EthereumJS does, in each form of v, the second time too', () => {
    fc.assert(
      fc.property(bytes32, fc.integer({ min: 1, max: 2 ** 31 }), (digest, chainId) => {
        const signature = signerFromPrivateKey(new Uint8Array(32).fill(5)).sign(digest);
        const parity = BigInt(signature[64] ?? 0);
        const [r, s] = [unpadded(signature.subarray(0, 32)), unpadded(signature.subarray(32, 64))];
        const expected = ecrecover(digest, parity, r, s);
        const chain = BigInt(chainId);
        for (let round = 0; round < 2; round++) {
          expect(executionCrypto.ecrecover?.(digest, parity, r, s)).toStrictEqual(expected);
          expect(executionCrypto.ecrecover?.(digest, parity + 27n, r, s)).toStrictEqual(expected);
          expect(executionCrypto.ecrecover?.(digest, parity + 35n + 2n * chain, r, s, chain)).toStrictEqual(expected);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('throws where EthereumJS throws', () => {
    const [digest, one] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(1)];
    for (const [v, r, s] of [
      [29n, one, one],
      [27n, new Uint8Array(32), one],
      [27n, one, new Uint8Array(32)],
      [27n, new Uint8Array(32).fill(0xff), one],
    ] as const) {
      expect(() => ecrecover(digest, v, r, s)).toThrow();
      expect(() => executionCrypto.ecrecover?.(digest, v, r, s)).toThrow();
    }
  });
});
