import type { Genesis } from '../params/genesis.ts';
import { compareBytes, fromHex, type Hex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { genesisBeacon } from './beacon.ts';
import { largestPossibleReward } from './emission.ts';
import { roundLengthBlocks } from './limits.ts';
import { INITIAL_REPUTATION } from './reputation.ts';
import type { AuthorityRecord, ProtocolState, StakeRecord } from './types.ts';

/**
 * The state at height 0. Round 0 is for gathering: nobody has a place in it, trainers ask to join, and it ends early, at
 * height roundLengthBlocks(0). Training begins with round 1.
 *
 * @param modelRoot of the initial settled model; @param startRoot of the initial weights
 */
export function initialProtocolState(genesis: Genesis, genesisHash: Hash, modelRoot: Hash, startRoot: Hash): ProtocolState {
  const beacon = genesisBeacon(genesisHash);
  const authorities = genesis.authorities.map(
    (authority): AuthorityRecord => ({
      address: fromHex(authority.address as Hex, 20),
      reputation: INITIAL_REPUTATION,
      earned: 0n,
      onion: fromHex(authority.onion_tip as Hex, 32),
      revealedRound: -1,
      secretOnion: fromHex(authority.secret_onion_tip as Hex, 32),
      renewal: undefined,
    }),
  );
  return {
    height: 0,
    beacon,
    modelRoot,
    settledRound: -1,
    open: {
      number: 0,
      openedAt: 0,
      sealsAt: roundLengthBlocks(0, genesis.rounds),
      beacon,
      roster: [],
      startRoot,
      proofs: [],
      withdrawn: [],
    },
    sealed: undefined,
    trainers: [],
    authorities: authorities.sort((a, b) => compareBytes(a.address, b.address)),
    minted: 0n,
    burned: 0n,
    bountyPool: 0n,
    stakes: genesisStakes(genesis),
    payables: [],
    largestReward: largestPossibleReward(genesis),
    checksPerAuthority: genesis.rounds.checks_per_authority,
    heldOut: undefined,
    authorityWishes: [],
    scheduledChanges: [],
    punished: [],
    joining: [],
    eligible: [],
  };
}

function genesisStakes({ stakes }: Genesis): readonly StakeRecord[] {
  return Object.entries(stakes)
    .map(([address, wei]): StakeRecord => {
      return { address: fromHex(address as Hex, 20), bonded: BigInt(wei), unbonding: 0n, unbondsAt: 0, offences: 0 };
    })
    .sort((a, b) => compareBytes(a.address, b.address));
}
