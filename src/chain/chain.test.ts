import { describe, expect, it } from 'vitest';
import { bodyHash } from '../codec/blocks.ts';
import type { Block, Header } from '../codec/types.ts';
import { alice, carol, RICH_BALANCE, signerOf, signed as transfer } from '../execution/testing/fixture.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { createMemoryStore } from '../store/memory.ts';
import { createBlockStore } from './block-store.ts';
import { loadHead } from './chain.ts';
import {
  AUTHORITIES,
  agree,
  authority,
  CONTEXT,
  commitment,
  finalise,
  GENESIS,
  join,
  named,
  openNode,
  proof,
  reveal,
  type TestNode,
  TRAINER,
  vote,
} from './testing/network.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

function offer(nodes: readonly TestNode[], ...operations: Parameters<TestNode['operations']['add']>[0][]) {
  for (const node of nodes) for (const operation of operations) expect(node.operations.add(operation)).toBe('added');
}

async function agreeUntil(height: number, nodes: readonly TestNode[]) {
  const [first, ...rest] = nodes;
  if (first === undefined) throw new Error('no node');
  while (first.chain.height < height) await agree(first, ...rest);
}

/** Two nodes at the last block of round 1, in which the trainer has a proof. */
async function beforeSealing() {
  const nodes = [await openNode(0), await openNode(1)] as const;
  offer(nodes, join(TRAINER, 0));
  await agreeUntil(nodes[0].chain.state.open.sealsAt, nodes);
  offer(nodes, proof(TRAINER, 1));
  await agreeUntil(nodes[0].chain.state.open.sealsAt - 1, nodes);
  return nodes;
}

describe('chain', () => {
  it('takes a round from joining to reward, the same on every node', async () => {
    const nodes = await beforeSealing();
    const [a, b] = nodes;
    await b.transactions.add(transfer(alice, { value: 5n }));
    const sealing = await agree(b, a);
    expect(sealing.block.boundary?.sealed).toEqual([TRAINER.address]);
    expect(await a.execution.reader.balance(carol.address)).toBe(5n);
    expect(b.transactions.size).toBe(0);
    offer(nodes, ...[0, 1, 2].map((i) => reveal(a.chain.state, i, 1)));
    await agreeUntil(a.chain.height + GENESIS.rounds.reveal_blocks, nodes);
    const drawn = a.chain.state;
    offer(nodes, ...[0, 1, 2].map((i) => commitment(drawn, i)));
    await agreeUntil(drawn.open.sealsAt - GENESIS.rounds.dispute_blocks - GENESIS.rounds.vote_blocks, nodes);
    offer(nodes, ...[0, 1, 2].map((i) => vote(drawn, i)));
    await agreeUntil(a.chain.state.open.sealsAt, nodes);

    expect(toHex(a.chain.headHash)).toBe(toHex(b.chain.headHash));
    expect(a.chain.state).toEqual(b.chain.state);
    expect(a.chain.state.settledRound).toBe(1);
    expect(a.blocks.settledRound(1)?.proofs.map(({ outcome }) => outcome)).toEqual(['accepted']);
    const earned = await a.execution.reader.balance(TRAINER.address);
    expect(earned).toBeGreaterThan(0n);
    expect(a.chain.state.trainers[0]?.earned).toBe(earned);
    expect(await a.execution.reader.balance(authority(2).signer.address)).toBeGreaterThan(0n);
    expect(a.execution.head.number).toBe(a.chain.height);
  });

  it('refuses a block that differs in any field of its header', async () => {
    const [a, b] = [await openNode(0), await openNode(1)];
    await a.transactions.add(transfer(alice));
    const block = await a.chain.build();
    const forged: readonly Partial<Header>[] = [
      { height: 2 },
      { timestamp: block.header.timestamp - 1_000 },
      { timestamp: block.header.timestamp + 1 },
      { timestamp: block.header.timestamp + 1_000 },
      { proposer: signerOf(77).address },
      { proposer: authority(1).signer.address },
      { parentHash: named('x', 1) },
      { executionHash: named('x', 2) },
      { bodyHash: named('x', 3) },
      { protocolRoot: named('x', 4) },
      { nextAuthorities: named('x', 5) },
    ];
    for (const change of forged) {
      await expect(b.chain.validate({ ...block, header: { ...block.header, ...change } })).rejects.toMatchObject({
        code: expect.stringMatching(/^(CHAIN|EXECUTION)_INVALID/),
      });
    }
    await b.chain.validate(block);
    expect(b.chain.height).toBe(0);
  });

  it('refuses a body that is not the header’s, also under a header it has judged', async () => {
    const [a, b] = [await openNode(0), await openNode(1)];
    await a.transactions.add(transfer(alice));
    const block = await a.chain.build();
    const empty = (await b.chain.build()).execution;
    await b.chain.validate(block);
    const swapped: readonly Block[] = [
      { ...block, execution: empty },
      { ...block, operations: [join(TRAINER, 0)] },
    ];
    for (const each of swapped) {
      await expect(b.chain.validate(each)).rejects.toBeInstanceOf(Error);
      await expect(b.chain.commit(finalise(each))).rejects.toBeInstanceOf(Error);
    }
    expect(b.chain.height).toBe(0);
    await b.chain.commit(finalise(block));
    expect(b.chain.height).toBe(1);
  });

  it('refuses forged and misplaced operations', async () => {
    const [a, b] = [await openNode(0), await openNode(1)];
    const block = await a.chain.build();
    const withOperations = (operations: Block['operations']): Block => ({
      ...block,
      operations,
      header: { ...block.header, bodyHash: bodyHash(operations, undefined) },
    });
    const stolen = { operation: join(TRAINER, 0).operation, signature: join(alice, 0).signature };
    await expect(b.chain.validate(withOperations([stolen]))).rejects.toThrow('forged');
    await expect(b.chain.validate(withOperations([proof(TRAINER, 0)]))).rejects.toThrow(code('PROTOCOL_OPERATION_REFUSED'));
  });

  it('votes for a boundary only when it holds the sealed updates and comes to the same models', async () => {
    const [a, b] = await beforeSealing();
    const block = await a.chain.build();
    b.oracle.missing = [{ trainer: TRAINER.address, updateHash: named('update', '1'), tokens: 8 }];
    await expect(b.chain.validate(block)).rejects.toThrow('not available');
    b.oracle.missing = [];
    b.oracle.salt = 'another machine';
    await expect(b.chain.validate(block)).rejects.toThrow('model root differs');
    // What a quorum signed is final all the same.
    await b.chain.commit(finalise(block));
    expect(toHex(b.chain.state.modelRoot)).toBe(toHex(block.boundary?.modelRoot ?? new Uint8Array()));
  });

  it('leaves an update out that it does not hold', async () => {
    const [a, b] = await beforeSealing();
    a.oracle.missing = [{ trainer: TRAINER.address, updateHash: named('update', '1'), tokens: 8 }];
    expect((await agree(a, b)).block.boundary?.sealed).toEqual([]);
  });

  it('commits only what a quorum signed, in order, once', async () => {
    const [a, b] = [await openNode(0), await openNode(1)];
    const first = finalise(await a.chain.build());
    const signers = AUTHORITIES.map(({ signer }) => signer);
    await expect(b.chain.commit(finalise(first.block, signers.slice(1)))).rejects.toThrow(code('CERTIFICATE_NO_QUORUM'));
    await expect(b.chain.commit({ ...first, certificate: { ...first.certificate, blockHash: named('x', 1) } })).rejects.toThrow(
      'another block',
    );
    await expect(b.chain.commit({ ...first, certificate: { ...first.certificate, height: 2 } })).rejects.toThrow('another block');
    await a.chain.commit(first);
    const second = finalise(await a.chain.build());
    await expect(b.chain.commit(second)).rejects.toThrow(code('CHAIN_NOT_NEXT'));
    await b.chain.commit(first);
    await b.chain.commit(first);
    await b.chain.commit(second);
    expect(b.chain.height).toBe(2);
  });

  it('stays where it was when the disk fails, and goes on when it works again', async () => {
    const memory = createMemoryStore();
    let broken = false;
    const store = {
      ...memory,
      write: async (batch: Parameters<typeof memory.write>[0]) => {
        if (broken) throw new Error('disk full');
        return memory.write(batch);
      },
    };
    const node = await openNode(0, store);
    await node.transactions.add(transfer(alice));
    const final = finalise(await node.chain.build());
    broken = true;
    await expect(node.chain.commit(final)).rejects.toThrow('disk full');
    expect(node.chain.height).toBe(0);
    expect(node.execution.head.number).toBe(0);
    expect(node.transactions.size).toBe(1);
    expect((await openNode(0, memory)).chain.height).toBe(0);
    broken = false;
    await node.chain.commit(final);
    expect(await node.execution.reader.balance(alice.address)).toBeLessThan(RICH_BALANCE);
  });

  it('opens where it stopped', async () => {
    const [a, b] = await beforeSealing();
    await agree(a, b);
    const again = await openNode(0, a.store);
    expect(again.chain.height).toBe(a.chain.height);
    expect(equalBytes(again.chain.headHash, a.chain.headHash)).toBe(true);
    expect(again.chain.state).toEqual(a.chain.state);
    await agree(again, b);
  });

  it('tells a directory of another network, and a damaged one', async () => {
    const { store, chain, blocks, execution } = await openNode();
    await chain.commit(finalise(await chain.build()));
    expect(() => blocks.requireGenesis(named('x', 0))).toThrow(code('CHAIN_WRONG_GENESIS'));
    expect(loadHead(blocks, execution, CONTEXT.genesisHash).height).toBe(1);
    for (const lost of [{ block: () => undefined }, { state: () => undefined }]) {
      expect(() => loadHead({ ...createBlockStore(store), ...lost }, execution, CONTEXT.genesisHash)).toThrow(code('CHAIN_CORRUPT'));
    }
  });

  it('tells listeners of each block, whatever one of them throws', async () => {
    const { chain } = await openNode();
    const heights: number[] = [];
    chain.onCommit(() => {
      throw new Error('a broken listener');
    });
    const off = chain.onCommit(({ final }) => heights.push(final.block.header.height));
    await chain.commit(finalise(await chain.build()));
    off();
    await chain.commit(finalise(await chain.build()));
    expect(heights).toEqual([1]);
  });
});
