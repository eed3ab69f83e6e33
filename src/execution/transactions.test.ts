import { RLP } from '@ethereumjs/rlp';
import { createAccessList2930Tx, createFeeMarket1559Tx, createLegacyTx, createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import fc from 'fast-check';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { concatBytes, equalBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import { keccak256 } from '../primitives/hash.ts';
import { chainRules } from './chain-rules.ts';
import { alice, CHAIN_ID, carol, keyOf, signed } from './testing/fixture.ts';
import { decodeTransaction, parseTransaction, signTransaction } from './transactions.ts';

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
            intrinsicGas: parseTransaction(raw, CHAIN_ID).getIntrinsicGas(),
            accessList: [],
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

  it('takes and refuses what EthereumJS does, with its sender and gas, whatever field is changed', () => {
    const addresses = fc.uint8Array({ minLength: 19, maxLength: 21 });
    const word = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const items = fc.array(fc.tuple(addresses, fc.array(word, { maxLength: 2 })), { maxLength: 2 });
    const field = fc.oneof(
      fc.uint8Array({ maxLength: 34 }),
      fc.constantFrom(new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(1), new Uint8Array(8).fill(255), new Uint8Array(32).fill(255)),
      addresses,
    );
    const list = { address: toHex(carol.address), storageKeys: [toHex(new Uint8Array(32).fill(1))] };
    const common = { nonce: 1n, gasLimit: 90_000n, to: toHex(carol.address), value: 5n, data: '0x0001' } as const;
    const samples = [
      createLegacyTx({ ...common, gasPrice: 9n }, { common: rules }),
      createAccessList2930Tx({ ...common, gasPrice: 9n, chainId: CHAIN_ID, accessList: [list] }, { common: rules }),
      createFeeMarket1559Tx({ ...common, maxFeePerGas: 9n, chainId: CHAIN_ID, accessList: [list] }, { common: rules }),
    ].map((transaction) => transaction.sign(keyOf(1)).serialize());
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(11), fc.oneof(field, items), fc.boolean(), (sample, at, value, isChanged) => {
        const type = (sample[0] ?? 0) < 0xc0 ? (sample[0] ?? 0) : 0;
        const fields = RLP.decode(type === 0 ? sample : sample.subarray(1)) as Uint8Array[];
        const encoded = RLP.encode((isChanged ? fields.with(at % fields.length, value as Uint8Array) : fields) as Uint8Array[]);
        const raw = type === 0 ? encoded : concatBytes(Uint8Array.of(type), encoded);
        let theirs: TypedTransaction | undefined;
        try {
          const parsed = createTxFromRLP(raw, { common: rules });
          const isTaken =
            equalBytes(parsed.serialize(), raw) &&
            parsed.getIntrinsicGas() <= parsed.gasLimit &&
            // Of no chain, or a string for an access list: EthereumJS takes those.
            (parsed.type > 0 || (parsed.v ?? 0n) > 28n) &&
            !('accessList' in parsed && parsed.accessList instanceof Uint8Array);
          parsed.getSenderPublicKey();
          theirs = isTaken ? parsed : undefined;
        } catch {
          theirs = undefined;
        }
        if (theirs === undefined) {
          expect(codeOf(raw)).not.toBe('accepted');
          return;
        }
        const ours = decodeTransaction(raw, CHAIN_ID);
        expect(ours.hash).toStrictEqual(theirs.hash());
        expect(ours.from).toStrictEqual(theirs.getSenderAddress().bytes);
        expect(ours.intrinsicGas).toBe(theirs.getIntrinsicGas());
        expect([ours.nonce, ours.gasLimit, ours.value, ours.to, ours.data]).toStrictEqual([
          theirs.nonce,
          theirs.gasLimit,
          theirs.value,
          theirs.to?.bytes,
          theirs.data,
        ]);
      }),
      { numRuns: 1_500 },
    );
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
