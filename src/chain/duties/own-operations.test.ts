import { describe, expect, it } from 'vitest';
import type { SignedOperation } from '../../codec/types.ts';
import { WEI_PER_GWEI } from '../../primitives/units.ts';
import { stakeOf } from '../../protocol/stakes.ts';
import { agree, authority, CONTEXT, named, openNode, TRAINER } from '../testing/network.ts';
import { createOwnOperations } from './own-operations.ts';

async function setUp(signer = authority(0).signer) {
  const node = await openNode();
  const sent: SignedOperation[] = [];
  const own = createOwnOperations(CONTEXT, {
    signer,
    state: () => node.chain.state,
    send(signed) {
      sent.push(signed);
      node.operations.add(signed);
    },
  });
  return { node, sent, own };
}

describe('createOwnOperations', () => {
  it('signs an exit for the open round, offers it at each block, and stops once a block holds it', async () => {
    const { node, sent, own } = await setUp();
    const { address } = authority(0).signer;
    const before = stakeOf(node.chain.state.stakes, address).bonded;
    own.submit({ type: 'exit', gwei: 5n });
    own.tick();
    expect(sent.map(({ operation }) => operation)).toEqual([sent[0]?.operation, sent[0]?.operation]);
    expect(sent[0]?.operation).toEqual({ type: 'exit', account: address, round: 0, gwei: 5n });
    await agree(node);
    expect(stakeOf(node.chain.state.stakes, address)).toMatchObject({ bonded: before - 5n * WEI_PER_GWEI, unbonding: 5n * WEI_PER_GWEI });
    own.tick();
    expect(sent).toHaveLength(2);
  });

  it('keeps an operation over a boundary block, which carries none', async () => {
    const { node, sent, own } = await setUp();
    while (node.chain.height + 1 < node.chain.state.open.sealsAt) await agree(node);
    own.submit({ type: 'exit', gwei: 5n });
    await agree(node);
    own.tick();
    expect(sent).toHaveLength(2);
    await agree(node);
    own.tick();
    expect(sent).toHaveLength(2);
  });

  it('says at once what no block can hold', async () => {
    const refused = expect.objectContaining({ code: 'CHAIN_OPERATION_REFUSED' });
    const { own } = await setUp();
    expect(() => own.submit({ type: 'exit', gwei: 10n ** 18n })).toThrow(refused);
    const change = { kind: 'remove', candidate: TRAINER.address } as const;
    expect(() => own.submit({ type: 'authority_vote', change })).toThrow('no authority');
    const stranger = await setUp(TRAINER);
    const add = { kind: 'add', candidate: TRAINER.address, tip: named('tip', 1), secretTip: named('tip', 2) } as const;
    expect(() => stranger.own.submit({ type: 'authority_vote', change: add })).toThrow('not an authority');
  });
});
