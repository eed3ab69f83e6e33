import { describe, expect, it, vi } from 'vitest';
import { createOperationPool } from '../chain/operation-pool.ts';
import { CONTEXT, finalise, INITIAL, join, openNode, TRAINER } from '../chain/testing/network.ts';
import { encodeSignedOperation } from '../codec/operations.ts';
import { alice, carol, signed as transfer } from '../execution/testing/fixture.ts';
import type { Judgement, Topic } from '../network/network.ts';
import { concatBytes, equalBytes } from '../primitives/bytes.ts';
import { signerFromPrivateKey } from '../primitives/keys.ts';
import { silentLogger } from '../primitives/log.ts';
import type { ProtocolState } from '../protocol/types.ts';
import { createGossip } from './gossip.ts';
import { encodeBatch } from './transaction-batches.ts';

async function setUp() {
  const node = await openNode();
  let state: ProtocolState = INITIAL;
  let now = 0;
  const operations = createOperationPool({ context: CONTEXT, state: () => state });
  const published: { topic: Topic; bytes: Uint8Array }[] = [];
  const handlers = new Map<Topic, (bytes: Uint8Array, from: string) => Promise<Judgement>>();
  const gossip = createGossip({
    network: {
      publish: async (topic: Topic, bytes: Uint8Array) => published.push({ topic, bytes }),
      subscribe: (topic: Topic, handler: (bytes: Uint8Array, from: string) => Promise<Judgement>) => void handlers.set(topic, handler),
      onDirect: () => {},
      sendToAll: () => {},
      noteHeight: () => {},
    } as never,
    operations,
    transactions: node.transactions,
    driver: () => {
      throw new Error('no consensus in this test');
    },
    clock: {
      now: () => now,
      after(_, callback) {
        queueMicrotask(callback);
        return () => {};
      },
    },
    log: silentLogger,
  });
  return {
    ...node,
    gossip,
    async blocks(count: number) {
      for (let i = 0; i < count; i++) {
        gossip.afterBlock();
        await Promise.resolve();
      }
    },
    operations,
    published,
    at: (height: number, changes: Partial<ProtocolState> = {}) => {
      state = { ...INITIAL, height, ...changes };
    },
    pass(ms: number) {
      now += ms;
    },
    hear: (topic: Topic, bytes: Uint8Array) => handlers.get(topic)?.(bytes, 'a peer'),
  };
}

describe('createGossip', () => {
  it('tells an operation once a height, each time as a new message', async () => {
    const { gossip, published, at } = await setUp();
    const operation = join(TRAINER, 0);
    gossip.sendOperation(operation);
    gossip.sendOperation(operation);
    expect(published).toHaveLength(1);
    at(1);
    gossip.sendOperation(operation);
    expect(published).toHaveLength(2);
    const [first, second] = published.map(({ bytes }) => bytes);
    if (first === undefined || second === undefined) throw new Error('unreachable');
    expect(equalBytes(first, second)).toBe(false);
    expect(first.subarray(8)).toEqual(encodeSignedOperation(operation));
  });

  it('does not tell what the next block cannot carry', async () => {
    const { gossip, published, at, operations } = await setUp();
    at(1, { joining: [TRAINER.address] });
    gossip.sendOperation(join(TRAINER, 0));
    // The block before a boundary: it waits, unsaid.
    at(INITIAL.open.sealsAt - 1);
    gossip.sendOperation(join(TRAINER, 0));
    expect(published).toEqual([]);
    expect(operations.size).toBe(0);
  });

  it('passes an operation on when it is new, and once a height when it is told again', async () => {
    const { hear, at } = await setUp();
    const bytes = encodeSignedOperation(join(TRAINER, 0));
    const salted = (n: number) => concatBytes(new Uint8Array(8).fill(n), bytes);
    expect(await hear('operations', salted(1))).toBe('accept');
    expect(await hear('operations', salted(2))).toBe('ignore');
    at(1);
    expect(await hear('operations', salted(3))).toBe('accept');
    expect(await hear('operations', salted(4))).toBe('ignore');
  });

  it('rejects what is forged or does not decode, and ignores what does not apply here', async () => {
    const { hear } = await setUp();
    const salt = new Uint8Array(8);
    const forged = { operation: join(TRAINER, 0).operation, signature: join(alice, 0).signature };
    expect(await hear('operations', concatBytes(salt, encodeSignedOperation(forged)))).toBe('reject');
    expect(await hear('operations', concatBytes(salt, encodeSignedOperation(join(TRAINER, 9))))).toBe('ignore');
    for (const bytes of [new Uint8Array(0), salt, concatBytes(salt, Uint8Array.of(1, 2))]) {
      expect(await hear('operations', bytes)).toBe('reject');
      expect(await hear('transactions', bytes)).toBe('reject');
    }
    const batch = (...raws: Uint8Array[]) => concatBytes(salt, encodeBatch(raws));
    expect(await hear('transactions', batch(transfer(alice)))).toBe('accept');
    expect(await hear('transactions', batch(transfer(alice)))).toBe('ignore');
    expect(await hear('transactions', batch(transfer(carol)))).toBe('ignore');
    expect(await hear('transactions', batch())).toBe('reject');
    // One new among known and unpayable ones is worth passing on; one that breaks a rule spoils all.
    expect(await hear('transactions', batch(transfer(alice), transfer(alice, { nonce: 1n }), transfer(carol)))).toBe('accept');
    expect(await hear('transactions', batch(transfer(alice, { nonce: 2n }), Uint8Array.of(1, 2)))).toBe('reject');
  });

  it('listens no longer to who brings many transactions that nobody can pay', async () => {
    const { hear, pass, transactions } = await setUp();
    const salt = new Uint8Array(8);
    const unfunded = signerFromPrivateKey(new Uint8Array(32).fill(77));
    const flood = concatBytes(salt, encodeBatch(Array.from({ length: 1_000 }, (_, i) => transfer(unfunded, { nonce: BigInt(i % 60) }))));
    const heard: (Judgement | undefined)[] = [];
    for (let i = 0; i < 9; i++) {
      heard.push(await hear('transactions', flood));
      pass(20);
    }
    // What little is forgiven between two messages does not make up for a whole one.
    expect(heard).toEqual([...Array(6).fill('ignore'), 'reject', 'reject', 'reject']);
    expect(transactions.size).toBe(0);
  });

  it('looks at no more than ten thousand of one peer at a time, so that a flood’s first are judged before its last', async () => {
    const { hear, transactions } = await setUp();
    const unfunded = signerFromPrivateKey(new Uint8Array(32).fill(77));
    const batch = encodeBatch(Array.from({ length: 1_000 }, (_, i) => transfer(unfunded, { nonce: BigInt(i % 60) })));
    const looked = vi.spyOn(transactions, 'expect');
    const heard = Array.from({ length: 50 }, (_, i) => hear('transactions', concatBytes(new Uint8Array(8).fill(i), batch)));
    expect(new Set(await Promise.all(heard))).toEqual(new Set(['ignore']));
    expect(looked).toHaveBeenCalledTimes(10);
    expect(await hear('transactions', concatBytes(new Uint8Array(8).fill(99), batch))).toBe('reject');
  });

  it('passes on no batch of which most is of no use', async () => {
    const { hear } = await setUp();
    const batch = (...raws: Uint8Array[]) => concatBytes(new Uint8Array(8), encodeBatch(raws));
    const [poor, poorer] = [transfer(carol), transfer(carol, { nonce: 1n })];
    expect(await hear('transactions', batch(transfer(alice), poor))).toBe('accept');
    expect(await hear('transactions', batch(transfer(alice, { nonce: 1n }), poor, poorer))).toBe('ignore');
  });

  it('tells a transaction again while it waits, and no longer once it is final', async () => {
    const { gossip, published, chain, blocks } = await setUp();
    await gossip.sendTransaction(transfer(alice));
    await blocks(6);
    expect(published).toHaveLength(3);
    expect(published.map(({ bytes }) => bytes.subarray(8))).toEqual(Array(3).fill(encodeBatch([transfer(alice)])));
    await chain.commit(finalise(await chain.build()));
    await blocks(6);
    expect(published).toHaveLength(3);
  });
});
