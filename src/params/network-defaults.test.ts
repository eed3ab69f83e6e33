import { describe, expect, it } from 'vitest';
import { type Hex, toHex } from '../primitives/bytes.ts';
import { genesisHash } from './genesis.ts';
import { createGenesis, type NetworkChoice } from './network-defaults.ts';

const CHOICE: NetworkChoice = {
  name: 'test',
  timestamp: 1_700_000_000,
  authorities: [{ address: `0x${'11'.repeat(20)}`, onion_tip: `0x${'22'.repeat(32)}`, secret_onion_tip: `0x${'33'.repeat(32)}` }],
  data: { source: 'file:a.txt', root: `0x${'33'.repeat(32)}`, tokens: 1000, held_out_tokens: 100 },
};
const zeros = (length: number) => new Uint8Array(length);

describe('createGenesis', () => {
  it('makes a document that parses, from few choices', () => {
    const genesis = createGenesis(CHOICE, zeros);
    expect(genesis).toMatchObject({ chain_id: 0x504f4c, block_interval_ms: 1000, rewards: { emission_per_round: '10000000000000000000' } });
    expect(genesis.learning.init_seed).toBe(toHex(zeros(32)));
  });

  it('takes choices over defaults and writes balances in wei', () => {
    const address: Hex = `0x${'44'.repeat(20)}`;
    const genesis = createGenesis(
      { ...CHOICE, chainId: 7, alloc: { [address]: 5n }, learning: { batch_size: 2 }, rounds: { blocks_per_round: 8 } },
      zeros,
    );
    expect(genesis).toMatchObject({
      chain_id: 7,
      alloc: { [address]: '5' },
      learning: { batch_size: 2, clip_norm: 1 },
      rounds: { blocks_per_round: 8 },
    });
  });

  it('makes another network each time, by its seed', () => {
    expect(genesisHash(createGenesis(CHOICE))).not.toEqual(genesisHash(createGenesis(CHOICE)));
  });

  it('refuses what contradicts itself', () => {
    expect(() => createGenesis({ ...CHOICE, rounds: { blocks_per_round: 6 } }, zeros)).toThrow(/submit_blocks \+ rounds.reveal_blocks/);
  });
});
