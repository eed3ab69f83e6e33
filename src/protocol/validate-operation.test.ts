import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyOperation } from '../codec/testing/arbitraries.ts';
import type { Finding, Operation, ProofOperation, Ruling, RulingOperation, VoteOperation } from '../codec/types.ts';
import { dealTo, drawOf } from './draw.ts';
import {
  addressNamed,
  beforeBoundary,
  commit,
  committed,
  deadlines,
  everyone,
  fraud,
  fraudulent,
  held,
  idleUntil,
  join,
  judgeIn,
  lazy,
  named,
  nextBlock,
  ok,
  proof,
  provenRound,
  reveal,
  ruling,
  secretPreimageOf,
  type TestAuthority,
  testNetwork,
  trainersNamed,
  vote,
  votedBy,
  withTrainers,
} from './testing/network.ts';
import { validateOperation } from './validate-operation.ts';

const network = testNetwork(4);
const trainers = trainersNamed(2);
const [trainer, other] = trainers as [Uint8Array, Uint8Array];
const stranger = addressNamed('stranger');
const [authority] = network.authorities as [(typeof network.authorities)[number]];

const standing = judgeIn(network);

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
    const full = nextBlock(network, opened, [join(addressNamed('trainer 2'), 1), join(addressNamed('trainer 3'), 1)]).state;
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

describe('a withdrawal', () => {
  const proven = nextBlock(network, opened, [proof(network, trainer, 1)]).state;
  const withdraw = (who: Uint8Array, round: number): Operation => ({ type: 'withdraw', trainer: who, round });

  it('takes a proof of the open round back, once', () => {
    expect(standing(proven, withdraw(trainer, 1))).toBe('valid');
    expect(standing(proven, withdraw(other, 1))).toBe('later: nothing_to_withdraw');
    expect(standing(proven, withdraw(stranger, 1))).toBe('invalid: not_in_roster');
    expect(standing(proven, withdraw(trainer, 2))).toBe('later: wrong_round');
    expect(standing(boundary, withdraw(trainer, 1))).toBe('stale: wrong_round');
    expect(standing(beforeBoundary(network, proven), withdraw(trainer, 1))).toBe('stale: boundary_next');
    const withdrawn = nextBlock(network, proven, [withdraw(trainer, 1)]).state;
    expect(standing(withdrawn, withdraw(trainer, 1))).toBe('stale: already_withdrawn');
    expect(standing(withdrawn, proof(network, trainer, 1))).toBe('stale: already_withdrawn');
  });

  it('costs nothing, and earns nothing', () => {
    const withdrawn = nextBlock(network, proven, [withdraw(trainer, 1)]).state;
    const { state } = nextBlock(network, beforeBoundary(network, withdrawn));
    expect(state.sealed?.proofs).toEqual([]);
    const absent = (each: { readonly reputation: number }) => each.reputation < 500_000;
    expect(state.trainers.map(absent)).toEqual(trainers.map((each) => each !== trainer));
    expect(state.open.withdrawn).toEqual([]);
  });
});

const honest = ok(network);
const ballot = vote(votable, authority, honest);
const votes = network.authorities.map((each) => vote(votable, each, honest));
const opening = committed(network, votable, votes);

describe('a commitment', () => {
  it('is by an authority, once, on the sealed round, from the draw to its deadline', () => {
    const right = commit(ballot);
    expect(standing(votable, right)).toBe('valid');
    expect(standing(boundary, right)).toBe('later: window_not_open');
    expect(standing(opened, right)).toBe('later: wrong_round');
    expect(standing(votable, commit({ ...ballot, authority: trainer }))).toBe('invalid: not_an_authority');
    const last = idleUntil(network, votable, deadlines(network, votable).commits - 1);
    expect(standing(last, right)).toBe('valid');
    expect(standing(idleUntil(network, last, last.height + 1), right)).toBe('stale: window_closed');
    expect(standing(nextBlock(network, votable, [right]).state, right)).toBe('stale: already_committed');
  });
});

describe('a vote', () => {
  /** Of a network in which just this vote was committed to. */
  const judged = (operation: VoteOperation) => standing(committed(network, votable, [operation]), operation);

  it('is opened in its window, once, by who committed to it', () => {
    expect(standing(opening, ballot)).toBe('valid');
    expect(standing(votable, ballot)).toBe('later: window_not_open');
    expect(standing(opened, ballot)).toBe('later: wrong_round');
    expect(standing(opening, { ...ballot, authority: trainer })).toBe('invalid: not_an_authority');
    const late = idleUntil(network, opening, deadlines(network, opening).votes);
    expect(standing(late, ballot)).toBe('stale: window_closed');
    expect(standing(committed(network, votable, votes.slice(1)), ballot)).toBe('stale: not_committed');
    expect(standing(nextBlock(network, opening, [ballot]).state, ballot)).toBe('stale: already_voted');
  });

  it('is the one committed to, by nobody else and in no other words', () => {
    expect(standing(opening, { ...ballot, heldOutLoss: 2 })).toBe('invalid: commitment_wrong');
    const [, second] = network.authorities as [TestAuthority, TestAuthority];
    const copied = committed(network, votable, [ballot, { ...vote(votable, second, honest) }]);
    const stolen = { ...ballot, authority: second.address };
    expect(standing(copied, stolen)).toBe('invalid: preimage_wrong');
    expect(standing(copied, { ...stolen, secretPreimage: secretPreimageOf(votable, second) })).not.toBe('valid');
  });

  it('shows the next preimage of the second chain: the secret segment cannot be chosen', () => {
    expect(judged({ ...ballot, secretPreimage: named('chosen', 1) })).toBe('invalid: preimage_wrong');
  });

  it('has one finding for each segment dealt, and of a fault that it can have', () => {
    const { findings } = ballot;
    expect(judged({ ...ballot, findings: findings.slice(1) })).toBe('invalid: finding_count_wrong');
    expect(judged({ ...ballot, findings: [...findings, ...findings.slice(0, 1)] })).toBe('invalid: finding_count_wrong');
    const draw = drawOf(votable);
    const dealt = draw === undefined ? [] : dealTo(draw, authority.address, ballot.secretPreimage);
    expect(dealt.length).toBeGreaterThan(2);
    dealt.forEach(({ segment }, i) => {
      const with_ = (finding: Finding) => judged({ ...ballot, findings: findings.with(i, finding) });
      expect(with_({ kind: 'fraud', fault: 'state' })).toBe('valid');
      expect(with_({ kind: 'fraud', fault: 'start' })).toBe(segment === 0 ? 'valid' : 'invalid: fault_impossible');
      expect(with_({ kind: 'fraud', fault: 'update' })).toBe(segment === 2 ? 'valid' : 'invalid: fault_impossible');
    });
  });

  it('measures losses and an accuracy in range', () => {
    expect(judged({ ...ballot, heldOutLoss: 0, heldOutAccuracy: 1 })).toBe('valid');
    expect(judged({ ...ballot, heldOutLoss: 1024.5 })).toBe('invalid: held_out_invalid');
    expect(judged({ ...ballot, heldOutLoss: -1 })).toBe('invalid: held_out_invalid');
    expect(judged({ ...ballot, heldOutAccuracy: 1.5 })).toBe('invalid: held_out_invalid');
    expect(judged({ ...ballot, gateLosses: [undefined, undefined], gateBaseline: undefined })).toBe('valid');
    expect(judged({ ...ballot, gateLosses: [1] })).toBe('invalid: gate_losses_invalid');
    expect(judged({ ...ballot, gateLosses: [1, -1] })).toBe('invalid: gate_losses_invalid');
    expect(judged({ ...ballot, gateBaseline: 2048 })).toBe('invalid: gate_losses_invalid');
  });
});

describe('a ruling', () => {
  const disputed = votedBy(network, votable, everyone(network, fraud).with(1, lazy(network)));
  const right = ruling(disputed, authority, held(network)) as RulingOperation;
  const [first, second] = right.rulings as [Ruling, Ruling];
  const judged = (rulings: readonly Ruling[]) => standing(disputed, { ...right, rulings });

  it('is by an authority, once, on what is disputed, until the boundary', () => {
    expect(standing(disputed, right)).toBe('valid');
    expect(standing(disputed, { ...right, authority: trainer })).toBe('invalid: not_an_authority');
    expect(standing(opening, right)).toBe('later: window_not_open');
    expect(standing(beforeBoundary(network, disputed), right)).toBe('stale: window_closed');
    expect(standing(nextBlock(network, disputed, [right]).state, right)).toBe('stale: already_ruled');
    const quiet = votedBy(network, votable, everyone(network, honest));
    expect(standing(quiet, { ...right, rulings: [] })).toBe('stale: nothing_disputed');
    expect(judged([{ kind: 'unavailable', proof: 7, segment: 0 }])).toBe('invalid: not_disputed');
  });

  it('rules in order, on each segment once', () => {
    expect(judged([second])).toBe('valid');
    expect(judged([second, first])).toBe('invalid: rulings_not_ascending');
    expect(judged([first, first])).toBe('invalid: rulings_not_ascending');
  });

  it('lists a digest for each inner step; for fraud, as many as could be run', () => {
    const steps = first.kind === 'held' ? first.steps : [];
    expect(judged([{ ...first, kind: 'held', steps: steps.slice(1) }])).toBe('invalid: step_count_wrong');
    expect(judged([{ ...first, kind: 'held', steps: [...steps, ...steps] }])).toBe('invalid: step_count_wrong');
    const accusing = fraudulent(network)(first) as Ruling & { kind: 'fraud' };
    expect(judged([{ ...accusing, steps: [] }])).toBe('valid');
    expect(judged([{ ...accusing, steps: [...steps, ...steps] }])).toBe('invalid: step_count_wrong');
  });
});

describe('any operation', () => {
  const disputed = votedBy(network, votable, everyone(network, fraud));
  const states = [network.initial, opened, boundary, votable, opening, disputed, beforeBoundary(network, disputed)];
  const authors = [...trainers, ...network.authorities.map(({ address }) => address), stranger];

  it('is judged without throwing, in every state, also when it comes from a member and is about the right round', () => {
    const any = fc.tuple(anyOperation, fc.nat(authors.length - 1), fc.nat(3), fc.nat(states.length - 1), fc.boolean());
    fc.assert(
      fc.property(any, ([random, author, round, at, isAimed]) => {
        const state = states[at] ?? opened;
        const as = authors[author] ?? stranger;
        const aimed = { trainer: as, authority: as, account: as, reporter: as, round };
        const known = Object.fromEntries(Object.entries(aimed).filter(([key]) => key in random));
        const operation = isAimed ? ({ ...random, ...known } as Operation) : random;
        expect(['valid', 'later', 'stale', 'invalid']).toContain(validateOperation(state, operation, network.context).kind);
      }),
      { numRuns: 3000, seed: 3 },
    );
  });
});
