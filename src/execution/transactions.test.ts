import { RLP } from '@ethereumjs/rlp';
import { createAccessList2930Tx, createLegacyTx } from '@ethereumjs/tx';
import fc from 'fast-check';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import { keccak256 } from '../primitives/hash.ts';
import { chainRules } from './chain-rules.ts';
import { alice, CHAIN_ID, carol, keyOf, signed } from './testing/fixture.ts';
import { decodeTransaction, signTransaction } from './transactions.ts';

const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const rules = chainRules(BigInt(CHAIN_ID));
const word = (value: bigint) => fromHex(`0x${value.toString(16).padStart(64, '0')}`);

function codeOf(raw: Uint8Array, chainId = CHAIN_ID): unknown {
  try {
    decodeTransaction(raw, chainId);
    return 'accepted';
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
  }
}

describe('signTransaction', () => {
  it('makes the bytes that viem makes', async () => {
    const fields = { nonce: 3n, gasLimit: 50_000n, maxFeePerGas: 7n, maxPriorityFeePerGas: 5n, value: 12n, data: Uint8Array.of(1, 0, 2) };
    const theirs = await privateKeyToAccount(toHex(keyOf(1))).signTransaction({
      type: 'eip1559',
      chainId: CHAIN_ID,
      nonce: 3,
      gas: 50_000n,
      maxFeePerGas: 7n,
      maxPriorityFeePerGas: 5n,
      value: 12n,
      data: toHex(fields.data),
      to: toHex(carol.address),
    });
    expect(toHex(signed(alice, fields))).toBe(theirs);
    expect(toHex(signTransaction({ ...fields, chainId: CHAIN_ID, to: carol.address }, keyOf(1)))).toBe(theirs);
  });

  it('refuses what a node would refuse', () => {
    expect(() => signed(alice, { gasLimit: 20_999n })).toThrow(expect.objectContaining({ code: 'EXECUTION_TX_GAS_TOO_LOW' }));
    expect(() => signed(alice, { value: -1n })).toThrow(expect.objectContaining({ code: 'EXECUTION_TX_MALFORMED' }));
    expect(() => signTransaction({ ...base, chainId: CHAIN_ID }, new Uint8Array(32))).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });
});

const base = {
  nonce: 0n,
  gasLimit: 100_000n,
  maxFeePerGas: 10n,
  maxPriorityFeePerGas: 1n,
  to: carol.address,
  value: 1n,
  data: new Uint8Array(0),
};

describe('decodeTransaction', () => {
  it('gives back what was signed, with hash and sender', () => {
    const uint = (bits: bigint) => fc.bigInt({ min: 0n, max: 2n ** bits - 1n });
    fc.assert(
      fc.property(
        fc.record({
          nonce: uint(63n),
          gasLimit: fc.bigInt({ min: 200_000n, max: 30_000_000n }),
          maxFeePerGas: uint(90n),
          value: uint(200n),
          data: fc.uint8Array({ maxLength: 40 }),
          to: fc.option(fc.uint8Array({ minLength: 20, maxLength: 20 }), { nil: undefined }),
        }),
        (fields) => {
          const raw = signed(alice, { ...fields, maxPriorityFeePerGas: fields.maxFeePerGas / 2n });
          expect(decodeTransaction(raw, CHAIN_ID)).toStrictEqual({
            ...fields,
            maxPriorityFeePerGas: fields.maxFeePerGas / 2n,
            type: 2,
            from: alice.address,
            hash: keccak256(raw),
            raw,
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('reads legacy and access list transactions, with their price for both fees', () => {
    const fields = { nonce: 1n, gasPrice: 9n, gasLimit: 100_000n, to: toHex(carol.address), value: 5n };
    const legacy = createLegacyTx(fields, { common: rules }).sign(keyOf(1)).serialize();
    const item = { address: toHex(carol.address), storageKeys: [toHex(new Uint8Array(32))] };
    const listed = createAccessList2930Tx({ ...fields, chainId: CHAIN_ID, accessList: [item] }, { common: rules })
      .sign(keyOf(1))
      .serialize();
    for (const [type, raw] of [legacy, listed].entries()) {
      expect(decodeTransaction(raw, CHAIN_ID)).toMatchObject({
        type,
        from: alice.address,
        hash: keccak256(raw),
        maxFeePerGas: 9n,
        maxPriorityFeePerGas: 9n,
        value: 5n,
      });
    }
  });

  it('refuses another chain’s, and legacy ones of no chain', () => {
    expect(codeOf(signed(alice), CHAIN_ID + 1)).toBe('EXECUTION_TX_WRONG_CHAIN');
    const legacy = createLegacyTx({ gasLimit: 21_000n, to: toHex(carol.address) }, { common: rules }).sign(keyOf(1));
    expect(codeOf(legacy.serialize(), 1)).toBe('EXECUTION_TX_WRONG_CHAIN');
    const unprotected = createLegacyTx({ gasLimit: 21_000n, to: toHex(carol.address), v: 27n, r: 1n, s: 1n }, { common: rules });
    expect(codeOf(unprotected.serialize())).toBe('EXECUTION_TX_NOT_PROTECTED');
  });

  it('refuses the other signature of a key (high s), and signatures that are none', () => {
    const raw = signed(alice);
    const s = BigInt(toHex(raw.subarray(raw.length - 32)));
    const high = concatBytes(raw.subarray(0, raw.length - 32), word(SECP256K1_ORDER - s));
    expect(codeOf(high)).toBe('EXECUTION_TX_SENDER_INVALID');
    // r is the x coordinate of a point: at most the field's prime.
    const noPoint = raw.slice();
    noPoint.set(word(2n ** 256n - 1n), raw.length - 65);
    expect(codeOf(noPoint)).toBe('EXECUTION_TX_SENDER_INVALID');
  });

  it('names each other fault', () => {
    const unsigned = createLegacyTx({ gasLimit: 21_000n }, { common: rules }).serialize();
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ['EXECUTION_TX_UNSIGNED', unsigned],
      ['EXECUTION_TX_MALFORMED', new Uint8Array(0)],
      ['EXECUTION_TX_MALFORMED', Uint8Array.of(0xc0)],
      ['EXECUTION_TX_MALFORMED', concatBytes(signed(alice), Uint8Array.of(0))],
      ['EXECUTION_TX_MALFORMED', signed(alice).subarray(0, 50)],
      ['EXECUTION_TX_TYPE_UNSUPPORTED', Uint8Array.of(0)],
      ['EXECUTION_TX_TYPE_UNSUPPORTED', Uint8Array.of(3, 0xc0)],
      ['EXECUTION_TX_TYPE_UNSUPPORTED', Uint8Array.of(4, 0xc0)],
      ['EXECUTION_TX_TYPE_UNSUPPORTED', Uint8Array.of(0x7f)],
      ['EXECUTION_TX_OVERSIZED', new Uint8Array(128 * 1024 + 1).fill(0xff)],
    ];
    for (const [code, raw] of cases) expect([code, codeOf(raw)]).toEqual([code, code]);
    expect(codeOf(rewritten({ gasLimit: 21_000n }, (fields) => fields.with(4, Uint8Array.of(1))))).toBe('EXECUTION_TX_GAS_TOO_LOW');
    expect(codeOf(rewritten({}, (fields) => fields.with(2, Uint8Array.of(255, 255, 255, 255, 255))))).toBe('EXECUTION_TX_TIP_ABOVE_FEE');
    expect(codeOf(rewritten({}, (fields) => fields.with(5, new Uint8Array(0)).with(7, new Uint8Array(49_153))))).toBe(
      'EXECUTION_TX_INIT_CODE_TOO_LARGE',
    );
    expect(codeOf(rewritten({}, (fields) => fields.with(1, Uint8Array.of(0, 1))))).toBe('EXECUTION_TX_MALFORMED');
    expect(codeOf(rewritten({}, (fields) => fields.with(5, new Uint8Array(19))))).toBe('EXECUTION_TX_MALFORMED');
  });

  it('never throws anything but its own errors', () => {
    const sample = signed(alice);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat({ max: sample.length - 1 }), fc.nat({ max: 255 }), (junk, at, byte) => {
        for (const raw of [junk, concatBytes(Uint8Array.of(2), junk), sample.with(at, byte)]) {
          try {
            decodeTransaction(raw, CHAIN_ID);
          } catch (error) {
            expect(error, messageOf(error)).toMatchObject({ code: expect.stringMatching(/^EXECUTION_TX_/) });
          }
        }
      }),
    );
  });
});

/** A signed transaction with fields changed after signing: other rules come before its sender. */
function rewritten(fields: Parameters<typeof signed>[1], change: (fields: Uint8Array[]) => Uint8Array[]): Uint8Array {
  const items = RLP.decode(signed(alice, fields).subarray(1)) as Uint8Array[];
  return concatBytes(Uint8Array.of(2), RLP.encode(change(items)));
}
