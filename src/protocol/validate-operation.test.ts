import { describe, expect, it } from 'vitest';
import type { Operation, ProofOperation } from '../codec/types.ts';
import { challengedSegments } from './challenges.ts';
import {
  accept,
  addressNamed,
  beforeBoundary,
  fraud,
  idleUntil,
  join,
  named,
  nextBlock,
  proof,
  provenRound,
  reveal,
  testNetwork,
  trainersNamed,
  vote,
  withTrainers,
} from './testing/network.ts';
import type { ProtocolState } from './types.ts';
import { validateOperation } from './validate-operation.ts';

const network = testNetwork(4);
const trainers = trainersNamed(2);
const [trainer, other] = trainers as [Uint8Array, Uint8Array];
const stranger = addressNamed('stranger');
const [authority] = network.authorities as [(typeof network.authorities)[number]];

const standing = (state: ProtocolState, operation: Operation) => {
  const result = validateOperation(state, operation, network.context);
  return result.kind === 'valid' ? 'valid' : `${result.kind}: ${result.reason}`;
};

const opened = withTrainers(network, trainers);
const { state: boundary, votable } = provenRound(network, opened);

describe('a join', () => {
  it('is valid in the round it was written in and the next one', () => {
    expect(standing(network.initial, join(stranger, 0))).toBe('valid');
    expect(standing(opened, join(stranger, 0))).toBe('valid');
    expect(standing(opened, join(stranger, 1))).toBe('valid');
    expect(standing(opened, join(stranger, 2))).toBe('later: wrong_round');
    expect(standing(boundary, join(stranger, 0))).toBe('stale: wrong_round');
  });

  it('is for those who have no place and asked for none', () => {
    expect(standing(opened, join(trainer, 1))).toBe('stale: already_joined');
    const asked = nextBlock(network, opened, [join(stranger, 1)]).state;
    expect(standing(asked, join(stranger, 1))).toBe('stale: already_joined');
  });

  it('waits while all places are taken', () => {
    const full = nextBlock(network, opened, [join(addressNamed('third'), 1), join(addressNamed('fourth'), 1)]).state;
    expect(standing(full, join(stranger, 1))).toBe('later: no_seat');
  });

  it('waits for the boundary block to pass', () => {
    expect(standing(beforeBoundary(network, opened), join(stranger, 1))).toBe('later: boundary_next');
  });
});

describe('a proof', () => {
  const changed = (changes: Partial<ProofOperation>) => ({ ...proof(network, trainer, 1), ...changes });

  it('is valid once, in the open round, by a trainer with a place', () => {
    expect(standing(opened, proof(network, trainer, 1))).toBe('valid');
    expect(standing(opened, proof(network, trainer, 2))).toBe('later: wrong_round');
    expect(standing(opened, proof(network, trainer, 0))).toBe('stale: wrong_round');
    expect(standing(opened, proof(network, stranger, 1))).toBe('invalid: not_in_roster');
    const proven = nextBlock(network, opened, [proof(network, trainer, 1)]).state;
    expect(standing(proven, proof(network, trainer, 1, 4))).toBe('stale: already_proven');
    expect(standing(proven, proof(network, other, 1))).toBe('valid');
  });

  it('is too late when the boundary is next', () => {
    const last = beforeBoundary(network, opened);
    expect(standing(last, proof(network, trainer, 1))).toBe('stale: boundary_next');
  });

  it('claims 1 to max_segments segments and exactly their tokens', () => {
    const { max_segments } = network.context.genesis.rounds;
    expect(standing(opened, proof(network, trainer, 1, 1))).toBe('valid');
    expect(standing(opened, proof(network, trainer, 1, max_segments))).toBe('valid');
    for (const segments of [0, -1, 1.5, max_segments + 1]) {
      expect(standing(opened, proof(network, trainer, 1, segments))).toBe('invalid: segments_out_of_range');
    }
    const { tokens } = proof(network, trainer, 1);
    expect(standing(opened, changed({ tokens: tokens + 1 }))).toBe('invalid: tokens_wrong');
    expect(standing(opened, changed({ tokens: Number.NaN }))).toBe('invalid: tokens_wrong');
  });

  it('announces an update that can be stored and a finite loss', () => {
    for (const updateBytes of [0, -1, 0.5, 4 * 1024 ** 3 + 1]) {
      expect(standing(opened, changed({ updateBytes }))).toBe('invalid: update_size_out_of_range');
    }
    expect(standing(opened, changed({ loss: Number.NaN }))).toBe('invalid: loss_not_finite');
    expect(standing(opened, changed({ loss: Number.POSITIVE_INFINITY }))).toBe('invalid: loss_not_finite');
  });
});

describe('a reveal', () => {
  it('is the next preimage, by an authority, once, for the sealed round', () => {
    const right = reveal(boundary, authority, 1);
    expect(standing(boundary, right)).toBe('valid');
    expect(standing(boundary, reveal(boundary, authority, 2))).toBe('later: wrong_round');
    expect(standing(boundary, reveal(boundary, authority, 0))).toBe('stale: wrong_round');
    expect(standing(network.initial, reveal(network.initial, authority, 0))).toBe('later: wrong_round');
    expect(standing(boundary, { ...right, authority: stranger } as Operation)).toBe('invalid: not_an_authority');
    expect(standing(boundary, { ...right, preimage: named('preimage', 0) } as Operation)).toBe('invalid: preimage_wrong');
    const revealed = nextBlock(network, boundary, [right]).state;
    expect(standing(revealed, right)).toBe('stale: already_revealed');
  });

  it('cannot be another authority’s', () => {
    const [, second] = network.authorities as [unknown, typeof authority];
    expect(standing(boundary, { ...reveal(boundary, second, 1), authority: authority.address } as Operation)).toBe(
      'invalid: preimage_wrong',
    );
  });

  it('is due in the reveal_blocks after the boundary: in the last of them yes, one block later no', () => {
    const { sealedAt } = boundary.sealed ?? { sealedAt: 0 };
    const inLast = idleUntil(network, boundary, sealedAt + 1);
    expect(standing(inLast, reveal(inLast, authority, 1))).toBe('valid');
    const after = idleUntil(network, boundary, sealedAt + 2);
    expect(standing(after, reveal(after, authority, 1))).toBe('stale: window_closed');
  });

  it('may follow missed rounds: the chain goes on from the last element shown', () => {
    const nextRound = idleUntil(network, boundary, boundary.open.sealsAt);
    expect(standing(nextRound, reveal(nextRound, authority, 2))).toBe('valid');
  });
});

describe('a vote', () => {
  const verdicts = [accept, accept];

  it('is by an authority, once, on the sealed round, after the challenges are drawn', () => {
    const right = vote(authority.address, 1, verdicts);
    expect(standing(votable, right)).toBe('valid');
    expect(standing(boundary, right)).toBe('later: challenges_unknown');
    expect(standing(opened, right)).toBe('later: wrong_round');
    expect(standing(network.initial, vote(authority.address, 0, []))).toBe('later: wrong_round');
    expect(standing(votable, vote(authority.address, 2, verdicts))).toBe('later: wrong_round');
    expect(standing(votable, vote(authority.address, 0, verdicts))).toBe('stale: wrong_round');
    expect(standing(votable, vote(trainer, 1, verdicts))).toBe('invalid: not_an_authority');
    const voted = nextBlock(network, votable, [right]).state;
    expect(standing(voted, right)).toBe('stale: already_voted');
  });

  it('is accepted up to the last block before the boundary', () => {
    const last = beforeBoundary(network, votable);
    expect(standing(last, vote(authority.address, 1, verdicts))).toBe('stale: boundary_next');
    expect(standing(idleUntil(network, votable, last.height - 1), vote(authority.address, 1, verdicts))).toBe('valid');
  });

  it('has one verdict for each sealed proof', () => {
    expect(standing(votable, vote(authority.address, 1, [accept]))).toBe('invalid: verdict_count_wrong');
    expect(standing(votable, vote(authority.address, 1, [accept, accept, accept]))).toBe('invalid: verdict_count_wrong');
  });

  it('calls only challenged segments fraudulent', () => {
    const { challengeSeed, proofs } = votable.sealed ?? {};
    if (challengeSeed === undefined || proofs === undefined) throw new Error('not votable');
    proofs.forEach((each, i) => {
      const challenged = challengedSegments(challengeSeed, each, network.context.genesis);
      for (let segment = 0; segment < each.segments + 2; segment++) {
        const own = verdicts.with(i, fraud(segment) as typeof accept);
        const expected = challenged.includes(segment) ? 'valid' : 'invalid: segment_not_challenged';
        expect(standing(votable, vote(authority.address, 1, own))).toBe(expected);
      }
    });
  });

  it('measures a finite loss and an accuracy in [0, 1]', () => {
    const measured = (heldOutLoss: number, heldOutAccuracy: number) =>
      standing(votable, { ...vote(authority.address, 1, verdicts), heldOutLoss, heldOutAccuracy } as Operation);
    expect(measured(0, 0)).toBe('valid');
    expect(measured(9, 1)).toBe('valid');
    expect(measured(Number.NaN, 0.5)).toBe('invalid: held_out_invalid');
    expect(measured(1, Number.NaN)).toBe('invalid: held_out_invalid');
    expect(measured(1, 1.01)).toBe('invalid: held_out_invalid');
    expect(measured(1, -0.01)).toBe('invalid: held_out_invalid');
  });
});
