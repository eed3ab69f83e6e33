import { describe, expect, it } from 'vitest';
import { genesisHash } from '../params/genesis.ts';
import { compareBytes } from '../primitives/bytes.ts';
import { initialProtocolState } from './genesis-state.ts';
import { idleUntil, named, testGenesis, testNetwork } from './testing/network.ts';

describe('the initial state', () => {
  it('lists authorities ascending, each with its registered tip', () => {
    const network = testNetwork(4);
    const addresses = network.initial.authorities.map((record) => record.address);
    expect(addresses).toEqual([...addresses].sort(compareBytes));
    network.authorities.forEach((authority, i) => {
      expect(network.initial.authorities[i]).toEqual({
        address: authority.address,
        reputation: 500_000,
        earned: 0n,
        secretOnion: authority.secretOnion.tip,
        renewal: undefined,
        onion: authority.onion.tip,
        revealedRound: -1,
      });
    });
  });

  it('differs between networks by its beacon', () => {
    const one = testGenesis([
      { address: `0x${'11'.repeat(20)}`, onion_tip: `0x${'22'.repeat(32)}`, secret_onion_tip: `0x${'33'.repeat(32)}` },
    ]);
    const two = { ...one, chain_id: 78 };
    const [a, b] = [one, two].map((genesis) => initialProtocolState(genesis, genesisHash(genesis), named('m', 0), named('s', 0)).beacon);
    expect(a).not.toEqual(b);
  });

  it('gathers for a few blocks more than reveals take, and again while nobody trains', () => {
    const network = testNetwork(3, { rounds: { reveal_blocks: 3, blocks_per_round: 30 } });
    expect(network.initial.open.sealsAt).toBe(11);
    expect(idleUntil(network, network.initial, 11).open).toMatchObject({ number: 1, openedAt: 11, sealsAt: 22, roster: [] });
  });

  it('gathers no longer than a round', () => {
    expect(testNetwork(3, { rounds: { reveal_blocks: 3, blocks_per_round: 9 } }).initial.open.sealsAt).toBe(9);
  });
});
