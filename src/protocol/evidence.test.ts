import { describe, expect, it } from 'vitest';
import { proposalPlaceDigest } from '../codec/proposals.ts';
import type { ConsensusStatement, EvidenceOperation } from '../codec/types.ts';
import { signVote } from '../codec/votes.ts';
import { compareBytes } from '../primitives/bytes.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import { MAX_PUNISHED } from './limits.ts';
import { stakeOf } from './stakes.ts';
import {
  addressNamed,
  idleUntil,
  judgeIn,
  named,
  nextBlock,
  TEST_STAKE,
  type TestAuthority,
  testAuthority,
  testNetwork,
} from './testing/network.ts';

const network = testNetwork(4);
const [offender, other] = network.authorities as [TestAuthority, TestAuthority];
const reporter = addressNamed('reporter');
const { genesisHash } = network.context;
const state = idleUntil(network, network.initial, 20);

const vote = (
  block: string | undefined,
  changes: { readonly round?: number; readonly height?: number; readonly by?: TestAuthority } = {},
) => {
  const { round = 0, height = 15, by = offender } = changes;
  const blockHash = block === undefined ? undefined : named('block', block);
  return {
    kind: 'vote',
    vote: signVote({ type: 'precommit', height, round, blockHash, authority: by.address }, genesisHash, by.signer),
  } as const;
};
const proposal = (block: string, validRound?: number): ConsensusStatement => {
  const place = { height: 15, round: 1, validRound, blockHash: named('block', block), contentHash: named('content', block) };
  const signature = offender.signer.sign(proposalPlaceDigest(genesisHash, place));
  return { kind: 'proposal', proposal: { ...place, authority: offender.address, signature } };
};
const evidence = (first: ConsensusStatement, second: ConsensusStatement): EvidenceOperation => {
  return { type: 'evidence', reporter, round: state.open.number, first, second };
};
const standing = judgeIn(network);

describe('evidence', () => {
  it('is two signed statements for one place that exclude each other', () => {
    expect(standing(state, evidence(vote('a'), vote('b')))).toBe('valid');
    expect(standing(state, evidence(vote('a'), vote(undefined)))).toBe('valid');
    expect(standing(state, evidence(proposal('a'), proposal('b')))).toBe('valid');
  });

  it('is not what a node that follows the rules says', () => {
    const prevote = vote('b').vote;
    const others = [
      vote('a'),
      vote('b', { round: 1 }),
      vote('b', { height: 14 }),
      vote('b', { by: other }),
      { kind: 'vote', vote: { ...prevote, type: 'prevote' } } as const,
      proposal('b'),
    ];
    for (const second of others) expect(standing(state, evidence(vote('a'), second))).toBe('invalid: not_contradictory');
    // The same block proposed again with another justification.
    expect(standing(state, evidence(proposal('a'), proposal('a', 0)))).toBe('invalid: not_contradictory');
  });

  it('is not a forgery, and not of another network', () => {
    const forged = { kind: 'vote', vote: { ...vote('b').vote, signature: vote('a').vote.signature } } as const;
    expect(standing(state, evidence(vote('a'), forged))).toBe('invalid: evidence_forged');
    expect(standing(state, evidence(forged, vote('a')))).toBe('invalid: evidence_forged');
    const elsewhere = { kind: 'vote', vote: signVote({ ...vote('b').vote }, named('genesis', 'other'), offender.signer) } as const;
    expect(standing(state, evidence(vote('a'), elsewhere))).toBe('invalid: evidence_forged');
  });

  it('is of a height that counts still, and already', () => {
    const old = idleUntil(network, state, 28);
    expect(standing(old, { ...evidence(vote('a'), vote('b')), round: old.open.number })).toBe('stale: evidence_too_old');
    expect(standing(state, evidence(vote('a', { height: 22 }), vote('b', { height: 22 })))).toBe('later: evidence_too_new');
  });

  it('is about an authority, and waits while too many are remembered', () => {
    const stranger = testAuthority('stranger');
    const staked = { address: stranger.address, bonded: TEST_STAKE, unbonding: 0n, unbondsAt: 0, offences: 0 };
    const rich = { ...state, stakes: [...state.stakes, staked].sort((a, b) => compareBytes(a.address, b.address)) };
    expect(standing(rich, evidence(vote('a', { by: stranger }), vote('b', { by: stranger })))).toBe('stale: accused_not_an_authority');
    const full = Array.from({ length: MAX_PUNISHED }, (_, i) => ({ authority: named('punished', i).slice(0, 20), height: 20 }));
    expect(standing({ ...state, punished: full }, evidence(vote('a'), vote('b')))).toBe('later: too_many_punished');
  });

  it('takes half the stake, gives a tenth of it to the reporter, and that once for a height', () => {
    const first = nextBlock(network, state, [evidence(vote('a'), vote('b'))]);
    expect(stakeOf(first.state.stakes, offender.address)).toMatchObject({ bonded: TEST_STAKE / 2n, offences: 1 });
    expect(first.withdrawals).toEqual([{ address: reporter, gwei: TEST_STAKE / 20n / WEI_PER_GWEI }]);
    expect(first.burned).toBe((TEST_STAKE * 9n) / 20n);
    expect(first.state.authorities[0]?.reputation).toBe(0);
    expect(standing(first.state, evidence(proposal('a'), proposal('b')))).toBe('stale: already_punished');
    const again = evidence(vote('a', { height: 16 }), vote('b', { height: 16 }));
    const second = nextBlock(network, first.state, [again]).state;
    expect(stakeOf(second.stakes, offender.address)).toMatchObject({ bonded: 0n, offences: 2 });
    expect(standing(second, evidence(vote('a', { height: 17 }), vote('b', { height: 17 })))).toBe('stale: nothing_at_stake');
  });
});
