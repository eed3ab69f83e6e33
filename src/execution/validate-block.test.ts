import { RLP } from '@ethereumjs/rlp';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../primitives/bytes.ts';
import type { PayloadAttributes } from './engine.ts';
import { counter, initCode } from './testing/contracts.ts';
import { alice, attributesAfter, bob, CHAIN_ID, carol, extend, keyOf, openChain, signed } from './testing/fixture.ts';

type Items = [header: Uint8Array[], transactions: (Uint8Array | Uint8Array[])[], ommers: unknown[], withdrawals: Uint8Array[][]];

/** A built block of two transactions and a withdrawal on a chain of one block, and a second node at the same height. */
async function setUp() {
  const [builder, validator] = [await openChain(), await openChain()];
  const deploy = signed(alice, { to: undefined, gasLimit: 200_000n, data: initCode(counter) });
  const first = await extend(builder, [deploy]);
  await validator.engine.validate(first.payload.bytes, first.attributes);
  await validator.store.write(validator.engine.commit(first.payload.hash));
  validator.engine.advance(first.payload.hash);
  const attributes = attributesAfter(builder.engine, { withdrawals: [{ index: 4n, address: carol.address, gwei: 6n }] });
  const { payload } = await builder.engine.build(attributes, [signed(alice, { nonce: 1n }), signed(bob)]);
  return { engine: validator.engine, payload, attributes };
}

function changed(bytes: Uint8Array, change: (items: Items) => void): Uint8Array {
  const items = RLP.decode(bytes) as unknown as Items;
  change(items);
  return RLP.encode(items as unknown as Uint8Array[]);
}

const HEADER_FIELDS = [
  'parentHash',
  'sha3Uncles',
  'miner',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'nonce',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
];

describe('validate', () => {
  it('accepts what another node built, and arrives at the same', async () => {
    const { engine, payload, attributes } = await setUp();
    expect(await engine.validate(payload.bytes, attributes)).toStrictEqual(payload);
    expect(await engine.validate(payload.bytes, attributes)).toStrictEqual(payload);
  });

  it('rejects a block with any one field of its header changed', async () => {
    const { engine, payload, attributes } = await setUp();
    for (const [index, name] of HEADER_FIELDS.entries()) {
      const bytes = changed(payload.bytes, ([header]) => {
        // Up to 32 bytes there are the proposer's to choose, as in Ethereum.
        const field = name === 'extraData' ? new Uint8Array(33) : (header[index] ?? new Uint8Array(0));
        header[index] = field.length === 0 ? Uint8Array.of(1) : field.with(field.length - 1, (field.at(-1) ?? 0) ^ 1);
      });
      await expect(engine.validate(bytes, attributes), name).rejects.toMatchObject({ code: 'EXECUTION_INVALID_PAYLOAD' });
    }
    // Also after the true one is known: a known hash is no free pass for other bytes.
    await engine.validate(payload.bytes, attributes);
    const emptied = changed(payload.bytes, (items) => {
      items[1] = [];
    });
    await expect(engine.validate(emptied, attributes)).rejects.toMatchObject({ code: 'EXECUTION_INVALID_PAYLOAD' });
  });

  it('rejects a block with other transactions or withdrawals than its roots say', async () => {
    const { engine, payload, attributes } = await setUp();
    const changes: readonly ((items: Items) => void)[] = [
      (items) => items[1].pop(),
      (items) => items[1].reverse(),
      (items) => items[1].push(signed(bob, { nonce: 1n })),
      (items) => items[3].pop(),
      (items) => items[3][0]?.splice(3, 1, Uint8Array.of(7)),
      (items) => items[3][0]?.splice(1, 1, Uint8Array.of(1)),
      (items) => items[3][0]?.pop(),
      (items) => items[2].push(items[0]),
      (items) => items[0].push(new Uint8Array(32)),
      (items) => items[0].pop(),
    ];
    for (const [index, change] of changes.entries()) {
      await expect(engine.validate(changed(payload.bytes, change), attributes), String(index)).rejects.toMatchObject({
        code: 'EXECUTION_INVALID_PAYLOAD',
      });
    }
  });

  it('rejects transactions that no pool would take', async () => {
    const { engine, payload, attributes } = await setUp();
    const blob = concatBytes(Uint8Array.of(3), RLP.encode([]));
    for (const raw of [blob, signed(bob, { chainId: CHAIN_ID + 1 }), Uint8Array.of(2), keyOf(1)]) {
      const bytes = changed(payload.bytes, (items) => items[1].push(raw));
      await expect(engine.validate(bytes, attributes)).rejects.toMatchObject({
        code: 'EXECUTION_INVALID_PAYLOAD',
        message: expect.stringContaining('transaction 2'),
      });
    }
  });

  it('rejects bytes that are no block, or not its canonical encoding', async () => {
    const { engine, payload, attributes } = await setUp();
    // A list's length in nine bytes where fewer do.
    const [first = 0] = payload.bytes;
    const lengthBytes = first - 0xf7;
    const long = concatBytes(
      Uint8Array.of(0xf7 + lengthBytes + 1, 0),
      payload.bytes.subarray(1, 1 + lengthBytes),
      payload.bytes.subarray(1 + lengthBytes),
    );
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(0xc0),
      keyOf(1),
      payload.bytes.subarray(0, 100),
      concatBytes(payload.bytes, keyOf(1)),
      long,
    ]) {
      await expect(engine.validate(bytes, attributes)).rejects.toMatchObject({ code: 'EXECUTION_INVALID_PAYLOAD' });
    }
  });

  it('rejects a block that is not what consensus asked for', async () => {
    const { engine, payload, attributes } = await setUp();
    const others: readonly Partial<PayloadAttributes>[] = [
      { timestamp: attributes.timestamp + 1 },
      { prevRandao: keyOf(5) },
      { feeRecipient: carol.address },
      { parentBeaconBlockRoot: keyOf(5) },
      { withdrawals: [] },
      { withdrawals: [{ index: 4n, address: carol.address, gwei: 7n }] },
      { withdrawals: [{ index: 5n, address: carol.address, gwei: 6n }] },
      { withdrawals: [{ index: 4n, address: bob.address, gwei: 6n }] },
    ];
    for (const other of others) {
      await expect(engine.validate(payload.bytes, { ...attributes, ...other })).rejects.toMatchObject({
        code: 'EXECUTION_INVALID_PAYLOAD',
      });
    }
  });

  it('rejects a block of another height', async () => {
    const { engine, payload, attributes } = await setUp();
    await engine.validate(payload.bytes, attributes);
    const late = await openChain();
    await expect(late.engine.validate(payload.bytes, attributes)).rejects.toMatchObject({
      code: 'EXECUTION_INVALID_PAYLOAD',
      message: 'invalid execution block: number is 2, not 1',
    });
  });
});
