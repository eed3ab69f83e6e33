import { RLP } from '@ethereumjs/rlp';
import { createAccessList2930Tx, createLegacyTx } from '@ethereumjs/tx';
import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { keccak256 } from '../primitives/hash.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import { createMemoryStore } from '../store/memory.ts';
import { listRoot } from './block-roots.ts';
import { chainRules } from './chain-rules.ts';
import { initCode, pointEvaluation } from './testing/contracts.ts';
import {
  alice,
  attributesAfter,
  bob,
  CHAIN_ID,
  carol,
  extend,
  keyOf,
  makeHead,
  openChain,
  proposer,
  RICH_BALANCE,
  signed,
  testGenesis,
} from './testing/fixture.ts';

const rules = chainRules(BigInt(CHAIN_ID));
const TRANSFER_GAS = 21_000n;

describe('a block of the engine', () => {
  it('moves the value, burns the base fee and pays the tip to the proposer, to the wei', async () => {
    const chain = await openChain();
    const base = chain.engine.head.nextBaseFeePerGas;
    const tip = WEI_PER_GWEI;
    await extend(chain, [signed(alice, { value: 5n, maxPriorityFeePerGas: tip })]);
    const { reader } = chain.engine;
    expect(await reader.balance(alice.address)).toBe(RICH_BALANCE - 5n - TRANSFER_GAS * (base + tip));
    expect(await reader.balance(carol.address)).toBe(5n);
    expect(await reader.balance(proposer)).toBe(TRANSFER_GAS * tip);
    expect(await reader.nonce(alice.address)).toBe(1n);
  });

  it('charges legacy, access list and fee market transactions what each offers', async () => {
    const chain = await openChain();
    const price = 3n * WEI_PER_GWEI;
    const fields = { gasPrice: price, gasLimit: 100_000n, to: toHex(carol.address), value: 1n };
    const legacy = createLegacyTx({ ...fields, nonce: 0n }, { common: rules })
      .sign(keyOf(1))
      .serialize();
    const accessList = [{ address: toHex(carol.address), storageKeys: [toHex(new Uint8Array(32))] }];
    const listed = createAccessList2930Tx({ ...fields, nonce: 1n, chainId: CHAIN_ID, accessList }, { common: rules })
      .sign(keyOf(1))
      .serialize();
    const market = signed(alice, { nonce: 2n, maxFeePerGas: 2n * WEI_PER_GWEI, maxPriorityFeePerGas: 2n * WEI_PER_GWEI });
    await extend(chain, [legacy, listed, market]);
    const { reader } = chain.engine;
    const receipts = [legacy, listed, market].map((raw) => reader.receipt(keccak256(raw)));
    expect(receipts.map((receipt) => [receipt?.type, receipt?.gasUsed, receipt?.effectiveGasPrice, receipt?.succeeded])).toEqual([
      [0, 21_000n, price, true],
      [1, 21_000n + 2400n + 1900n, price, true],
      // The tip is what the fee limit leaves of it.
      [2, 21_000n, 2n * WEI_PER_GWEI, true],
    ]);
    const spent = receipts.reduce((sum, receipt) => sum + (receipt?.gasUsed ?? 0n) * (receipt?.effectiveGasPrice ?? 0n), 3n);
    expect(await reader.balance(alice.address)).toBe(RICH_BALANCE - spent);
  });

  it('mints withdrawals, and nothing else', async () => {
    const chain = await openChain();
    const withdrawals = [
      { index: 7n, address: carol.address, gwei: 3n },
      { index: 8n, address: alice.address, gwei: 1_000_000_000n },
      { index: 9n, address: carol.address, gwei: 2n },
      { index: 10n, address: proposer, gwei: 0n },
    ];
    await extend(chain, [], { withdrawals });
    const { reader } = chain.engine;
    expect(await reader.balance(carol.address)).toBe(5n * WEI_PER_GWEI);
    expect(await reader.balance(alice.address)).toBe(RICH_BALANCE + 10n ** 18n);
    expect(await reader.balance(proposer)).toBe(0n);
  });

  it('conserves money: what is missing afterwards is the base fee burned', async () => {
    const chain = await openChain();
    const base = chain.engine.head.nextBaseFeePerGas;
    const holders = [alice.address, bob.address, carol.address, proposer];
    const total = async () => (await Promise.all(holders.map((address) => chain.engine.reader.balance(address)))).reduce((a, b) => a + b);
    const before = await total();
    const transactions = [
      signed(alice, { value: 12_345n }),
      signed(bob, { value: 1n, to: alice.address }),
      signed(alice, { nonce: 1n, to: proposer }),
    ];
    await extend(chain, transactions, { withdrawals: [{ index: 0n, address: carol.address, gwei: 4n }] });
    expect(await total()).toBe(before + 4n * WEI_PER_GWEI - 3n * TRANSFER_GAS * base);
  });

  it('moves the base fee by an eighth at most', async () => {
    const chain = await openChain();
    const first = chain.engine.head.baseFeePerGas;
    await extend(chain);
    expect(chain.engine.head.baseFeePerGas).toBe(first - first / 8n);
    expect(chain.engine.head.nextBaseFeePerGas).toBe(chain.engine.head.baseFeePerGas - chain.engine.head.baseFeePerGas / 8n);
  });
});

describe('build', () => {
  it('leaves out what does not apply, and names what never will', async () => {
    const chain = await openChain();
    await extend(chain, [signed(alice)]);
    const used = signed(alice, { nonce: 0n });
    const poor = signed(carol, { value: 2n });
    const beyondMeans = signed(bob, { nonce: 1n, value: RICH_BALANCE });
    const junk = Uint8Array.of(1, 2, 3);
    const otherChain = signed(bob, { chainId: CHAIN_ID + 1 });
    const good = signed(bob, { nonce: 0n });
    const cheap = signed(alice, { nonce: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n });
    const early = signed(alice, { nonce: 5n });
    const { payload, dropped } = await extend(chain, [used, poor, good, beyondMeans, junk, otherChain, cheap, early]);
    expect(payload.transactionCount).toBe(1);
    expect(new Set(dropped.map(toHex))).toEqual(new Set([used, poor, beyondMeans, junk, otherChain].map((raw) => toHex(keccak256(raw)))));
    expect(chain.engine.reader.transaction(keccak256(good))?.index).toBe(0);
  });

  it('fills the block up to its gas limit and leaves the rest for later', async () => {
    const chain = await openChain(createMemoryStore(), testGenesis({ gas_limit: 50_000 }));
    const transactions = [0n, 1n, 2n].map((nonce) => signed(alice, { nonce }));
    const tooLarge = signed(bob, { gasLimit: 60_000n });
    const { payload, dropped } = await extend(chain, [...transactions, tooLarge]);
    expect(payload.transactionCount).toBe(2);
    expect(dropped).toEqual([]);
    expect((await extend(chain, transactions)).payload.transactionCount).toBe(1);
  });

  it('bounds the gas that may run code apart from the rest, for builders and judges alike', async () => {
    const [chain, other] = [await openChain(), await openChain()];
    const codeOf = (nonce: bigint, gasLimit: bigint) => signed(alice, { nonce, gasLimit, to: undefined, data: initCode(Uint8Array.of(0)) });
    const [first, second, third] = [codeOf(0n, 9_000_000n), codeOf(1n, 2_000_000n), codeOf(1n, 900_000n)];
    const attributes = attributesAfter(chain.engine);
    const transfer = signed(bob);
    expect((await chain.engine.build(attributes, [first, second, third, transfer])).payload.transactionCount).toBe(3);
    // The same rule for a block from a builder that does not keep it.
    const { payload } = await chain.engine.build(attributes, [first, transfer]);
    const [header = [], , ommers, withdrawals] = RLP.decode(payload.bytes) as unknown as Uint8Array[][];
    header[4] = listRoot([first, second]);
    const greedy = RLP.encode([header, [first, second], ommers, withdrawals] as unknown as Uint8Array[]);
    await expect(other.engine.validate(greedy, attributes)).rejects.toThrow('not enough gas left for its code');
  });

  it('includes a transaction that fails, which pays for its gas', async () => {
    const chain = await openChain();
    const failing = signed(alice, { to: undefined, gasLimit: 100_000n, data: Uint8Array.of(0xfe), maxPriorityFeePerGas: 0n });
    await extend(chain, [failing]);
    expect(chain.engine.reader.receipt(keccak256(failing))).toMatchObject({ succeeded: false, gasUsed: 100_000n });
  });

  it('survives calls of precompiles that serve blobs', async () => {
    const chain = await openChain();
    const deploy = signed(alice, { to: undefined, gasLimit: 200_000n, data: initCode(pointEvaluation) });
    await extend(chain, [deploy]);
    const contract = chain.engine.reader.receipt(keccak256(deploy))?.contractAddress;
    const calls = signed(alice, { nonce: 1n, to: contract, gasLimit: 200_000n });
    const { payload } = await extend(chain, [calls, signed(bob)]);
    expect(payload.transactionCount).toBe(2);
    expect((await chain.engine.reader.call(contract === undefined ? {} : { to: contract })).returnData).toStrictEqual(new Uint8Array(32));
  });

  it('gives the same block for the same input, on any node', async () => {
    const [one, two] = [await openChain(), await openChain()];
    const attributes = attributesAfter(one.engine, { withdrawals: [{ index: 0n, address: bob.address, gwei: 5n }] });
    const transactions = [signed(alice), signed(bob)];
    const first = await one.engine.build(attributes, transactions);
    const second = await two.engine.build(attributes, transactions);
    expect(second.payload).toStrictEqual(first.payload);
  });

  it('refuses a time that is not after the head’s', async () => {
    const { engine } = await openChain();
    const attributes = attributesAfter(engine, { timestamp: engine.head.timestamp });
    await expect(engine.build(attributes, [])).rejects.toMatchObject({ code: 'EXECUTION_INVALID_PAYLOAD' });
  });
});

describe('candidates and the head', () => {
  it('keeps several candidates of a height apart until one is the head', async () => {
    const chain = await openChain();
    const { engine } = chain;
    const a = await engine.build(attributesAfter(engine), [signed(alice)]);
    const b = await engine.build(attributesAfter(engine), [signed(bob, { value: 9n })]);
    expect(engine.head.number).toBe(0);
    expect(await engine.reader.balance(carol.address)).toBe(0n);
    await makeHead(chain, b.payload.hash);
    expect(engine.head).toMatchObject({ number: 1, hash: b.payload.hash, stateRoot: b.payload.stateRoot });
    expect(await engine.reader.balance(carol.address)).toBe(9n);
    expect(() => engine.commit(a.payload.hash)).toThrow(expect.objectContaining({ code: 'EXECUTION_UNKNOWN_PAYLOAD' }));
    expect(() => engine.advance(a.payload.hash)).toThrow(expect.objectContaining({ code: 'EXECUTION_UNKNOWN_PAYLOAD' }));
  });

  it('builds and validates at the same time without mixing states', async () => {
    const [one, two] = [await openChain(), await openChain()];
    const attributes = attributesAfter(one.engine);
    const payloads = await Promise.all([
      one.engine.build(attributes, [signed(alice)]),
      one.engine.build(attributes, [signed(bob, { value: 2n })]),
      one.engine.build(attributes, [signed(alice, { value: 3n }), signed(bob)]),
    ]);
    const validated = await Promise.all(payloads.map(({ payload }) => two.engine.validate(payload.bytes, attributes)));
    expect(validated).toStrictEqual(payloads.map(({ payload }) => payload));
  });

  it('shows nothing to readers between the write and the advance', async () => {
    const { engine, store } = await openChain();
    const raw = signed(alice);
    const { payload } = await engine.build(attributesAfter(engine), [raw]);
    await store.write(engine.commit(payload.hash));
    const { reader } = engine;
    expect(reader.transaction(keccak256(raw))).toBeUndefined();
    expect(reader.receipt(keccak256(raw))).toBeUndefined();
    expect(reader.block(payload.hash)).toBeUndefined();
    expect(reader.blockHash(1)).toBeUndefined();
    expect(reader.transactionsOf(alice.address, 10)).toEqual([]);
    expect(await reader.balance(carol.address)).toBe(0n);
    engine.advance(payload.hash);
    expect(reader.blockHash(1)).toStrictEqual(payload.hash);
    expect(reader.transactionsOf(alice.address, 10)).toStrictEqual([keccak256(raw)]);
  });

  it('comes back at the last durable block after a crash, written or not yet written', async () => {
    const { engine, store } = await openChain();
    const { payload } = await engine.build(attributesAfter(engine), [signed(alice)]);
    expect((await openChain(store)).engine.head.number).toBe(0);
    await store.write(engine.commit(payload.hash));
    const again = await openChain(store);
    expect(again.engine.head).toMatchObject({ number: 1, hash: payload.hash });
    expect(await again.engine.reader.balance(carol.address)).toBe(1n);
    expect((await extend(again, [signed(alice, { nonce: 1n })])).payload.number).toBe(2);
  });

  it('refuses a store of another genesis', async () => {
    const { store } = await openChain();
    await expect(openChain(store, testGenesis({ gas_limit: 1_000_000 }))).rejects.toMatchObject({ code: 'EXECUTION_GENESIS_MISMATCH' });
  });

  it('notices a damaged state instead of taking accounts for empty', async () => {
    const { engine, store } = await openChain();
    await store.write([{ key: Uint8Array.of(0x30, ...engine.head.stateRoot), value: undefined }]);
    await expect(engine.reader.balance(alice.address)).rejects.toMatchObject({ code: 'EXECUTION_STATE_MISSING' });
    await expect(engine.build(attributesAfter(engine), [signed(alice)])).rejects.toMatchObject({ code: 'EXECUTION_STATE_MISSING' });
  });
});

describe('the chain’s rules', () => {
  it('are Cancun from the first block, and never Mainnet’s irregular state change', () => {
    expect(rules.hardfork()).toBe('cancun');
    for (const eip of [1153, 1559, 2929, 2930, 3651, 3855, 3860, 4788, 4895, 5656, 6780]) expect(rules.isActivatedEIP(eip)).toBe(true);
    for (const eip of [7702, 7685, 2935]) expect(rules.isActivatedEIP(eip)).toBe(false);
    expect(rules.hardforkIsActiveOnBlock('dao', 1_920_000n)).toBe(false);
    expect(rules.consensusType()).toBe('pos');
    expect(rules.chainId()).toBe(BigInt(CHAIN_ID));
  });
});
