import { describe, expect, it } from 'vitest';
import { createBlockStore } from './block-store.ts';
import { KEPT_PROTOCOL_STATES_BLOCKS } from './limits.ts';
import { finalise, INITIAL, named, openNode } from './testing/network.ts';

describe('createBlockStore', () => {
  it('gives back what was committed, and nothing else', async () => {
    const { chain, blocks } = await openNode();
    const final = finalise(await chain.build());
    await chain.commit(final);
    expect(blocks.headHeight()).toBe(1);
    expect(blocks.block(1)?.final).toEqual(final);
    expect(blocks.state(1)).toEqual(chain.state);
    expect(blocks.block(2)).toBeUndefined();
    expect(blocks.settledRound(0)).toBeUndefined();
  });

  it('keeps protocol states for a while only, and blocks for ever', async () => {
    const { chain, blocks, store } = await openNode();
    const final = finalise(await chain.build());
    const far = { ...final, block: { ...final.block, header: { ...final.block.header, height: KEPT_PROTOCOL_STATES_BLOCKS + 1 } } };
    await chain.commit(final);
    await store.write(createBlockStore(store).commit({ final: far, modelRoot: named('m', 0), nextWithdrawal: 7n }, INITIAL, undefined));
    expect(blocks.state(1)).toBeUndefined();
    expect(blocks.block(1)?.final).toEqual(final);
    expect(blocks.block(KEPT_PROTOCOL_STATES_BLOCKS + 1)?.nextWithdrawal).toBe(7n);
  });
});
