import { describe, expect, it } from 'vitest';
import { voteCommitment } from '../../codec/operations.ts';
import { segmentDigest } from '../../codec/segment-digest.ts';
import type { SignedOperation, VoteOperation } from '../../codec/types.ts';
import { createVirtualTime, settle } from '../../consensus/testing/virtual-time.ts';
import { learningError } from '../../learning/errors.ts';
import type { SegmentFinding } from '../../learning/types.ts';
import { silentLogger } from '../../primitives/log.ts';
import { dealTo, drawOf } from '../../protocol/draw.ts';
import { deadlinesOf } from '../../protocol/timeline.ts';
import type { AuthorityRecord, ProtocolState, SealedRound } from '../../protocol/types.ts';
import type { KeyValueStore } from '../../store/kv.ts';
import { createMemoryStore } from '../../store/memory.ts';
import { fakeLearning } from '../testing/learning.ts';
import { authority, CONTEXT, INITIAL, named, proof, reveal, sealedRound, TRAINER } from '../testing/network.ts';
import { createAuthorityDuty } from './authority.ts';
import { createOwnChains, type HashChains } from './hash-chains.ts';
import { createVoteLog } from './vote-log.ts';

const { signer, onion, secretOnion } = authority(0);
const NOT_READY = -1;
const SEALED_AT = 10;
const PROOFS = [proof(TRAINER, 1, 3).operation, { ...proof(TRAINER, 1, 3).operation, trainer: new Uint8Array(20).fill(255) }];
const STEPS = [named('step', 1)];

/** Round 1 was sealed at height 10, and all authorities have shown their preimages; round 2 ends at height 24. */
function stateAt(height: number, sealed: Partial<SealedRound> = {}): ProtocolState {
  return {
    ...INITIAL,
    height,
    authorities: INITIAL.authorities.map((record) => ({ ...record, revealedRound: 1 })),
    open: { ...INITIAL.open, number: 2, openedAt: SEALED_AT, sealsAt: 24 },
    sealed: sealedRound({
      number: 1,
      openedAt: 4,
      sealedAt: SEALED_AT,
      roster: PROOFS.map(({ trainer }) => trainer),
      proofs: PROOFS,
      challengeSeed: height >= SEALED_AT + CONTEXT.genesis.rounds.reveal_blocks ? named('seed', 1) : undefined,
      ...sealed,
    }),
  };
}

const DRAWN = SEALED_AT + CONTEXT.genesis.rounds.reveal_blocks;
const DEADLINES = deadlinesOf(stateAt(DRAWN), SEALED_AT, CONTEXT.genesis);
const draw = drawOf(stateAt(DRAWN));
const secret = secretOnion.preimageOf(INITIAL.authorities[0]?.secretOnion ?? new Uint8Array(32));
const DEALT = draw === undefined || secret === undefined ? [] : dealTo(draw, signer.address, secret);

const held = (segment: number): SegmentFinding => ({ segment, result: 'held', stepDigests: STEPS });

function setUp(store: KeyValueStore = createMemoryStore(), next?: HashChains) {
  let state = stateAt(SEALED_AT);
  let readyRound: number | undefined = 2;
  const world = {
    submitted: [] as SignedOperation[],
    checked: [] as string[],
    check: async (segment: number): Promise<SegmentFinding> => held(segment),
    evaluate: async () => ({ loss: 3, accuracy: 0.25 }),
    gate: async () => ({ baseline: 3, losses: [2.5, Number.POSITIVE_INFINITY] }),
  };
  const duty = createAuthorityDuty(CONTEXT, {
    learning: fakeLearning({
      obtain: async () => true,
      async check(checked, _assignment, [segment = -1]) {
        world.checked.push(`${PROOFS.findIndex(({ trainer }) => trainer === checked.trainer)}/${segment}`);
        return [await world.check(segment)];
      },
      evaluate: () => world.evaluate(),
      measureUpdates: () => world.gate(),
    }),
    proofs: { opening: async () => undefined, blob: async () => false },
    signer,
    chains: createOwnChains((generation) => [{ public: onion, secret: secretOnion }, next][generation]),
    votes: createVoteLog(store),
    state: () => state,
    readyRound: () => readyRound,
    submit: (signed) => world.submitted.push(signed),
    clock: createVirtualTime(),
    log: silentLogger,
  });
  return {
    world,
    duty,
    async at(next: ProtocolState, ready: number | undefined = next.open.number) {
      state = next;
      readyRound = ready;
      duty.tick();
      await settle();
    },
  };
}

const kinds = (operations: readonly SignedOperation[]) => operations.map(({ operation }) => operation.type);
const voteIn = (operations: readonly SignedOperation[]): VoteOperation => {
  const found = operations.find(({ operation }) => operation.type === 'vote')?.operation;
  if (found?.type !== 'vote') throw new Error('no vote was offered');
  return found;
};
/** The state in which a block holds what was committed to. */
const committedAt = (height: number, operations: readonly SignedOperation[], sealed: Partial<SealedRound> = {}) => {
  const commits = operations.flatMap(({ operation }) =>
    operation.type === 'commit' ? [{ authority: operation.authority, commitment: operation.commitment, height: DRAWN + 1 }] : [],
  );
  return stateAt(height, { commits: commits.slice(0, 1), ...sealed });
};

describe('createAuthorityDuty', () => {
  it('reveals in the window, until a block holds it', async () => {
    const { world, at } = setUp();
    const hidden = (height: number) => ({ ...stateAt(height), authorities: INITIAL.authorities });
    await at(hidden(SEALED_AT));
    await at(hidden(SEALED_AT + 1));
    expect(world.submitted).toEqual([reveal(INITIAL, 0, 1), reveal(INITIAL, 0, 1)]);
    await at(stateAt(SEALED_AT + 1));
    await at(hidden(DRAWN), NOT_READY);
    expect(world.submitted).toHaveLength(2);
  });

  it('registers new chains when the old ones are nearly used up, until a block holds them', async () => {
    const next = authority(1);
    const { world, at } = setUp(createMemoryStore(), { public: next.onion, secret: next.secretOnion });
    await at({ ...stateAt(SEALED_AT), sealed: undefined });
    expect(world.submitted.map(({ operation }) => operation)).toMatchObject([
      { type: 'renew', round: 2, tip: next.onion.tip, secretTip: next.secretOnion.tip },
    ]);
    const renewal = { round: 4, tip: next.onion.tip, secretTip: next.secretOnion.tip };
    const renewing = (record: AuthorityRecord) => ({ ...record, renewal });
    const state = stateAt(SEALED_AT);
    await at({ ...state, sealed: undefined, authorities: state.authorities.map(renewing) });
    expect(world.submitted).toHaveLength(1);
    // In use: reveals come from them.
    const using = (record: AuthorityRecord, i: number) => (i === 0 ? { ...record, onion: renewal.tip, revealedRound: 0 } : record);
    await at({ ...state, authorities: state.authorities.map(using) });
    expect(world.submitted.at(-1)?.operation).toMatchObject({ type: 'reveal', preimage: next.onion.preimageOf(renewal.tip) });
  });

  it('checks what it is dealt, its secret segment too, commits, and opens the vote once nobody can copy it', async () => {
    const { world, at } = setUp();
    await at(stateAt(DRAWN));
    expect(DEALT.length).toBeGreaterThan(2);
    expect([...world.checked].sort()).toEqual(DEALT.map(({ proof: place, segment }) => `${place}/${segment}`).sort());
    expect(kinds(world.submitted)).toEqual(['commit']);
    await at(committedAt(DRAWN + 1, world.submitted));
    await at(committedAt(DEADLINES.commits - 1, world.submitted));
    expect(kinds(world.submitted)).toEqual(['commit']);
    await at(committedAt(DEADLINES.commits, world.submitted));
    expect(kinds(world.submitted)).toEqual(['commit', 'vote']);
    const vote = voteIn(world.submitted);
    const [commit] = world.submitted;
    expect(commit?.operation.type === 'commit' && commit.operation.commitment).toEqual(voteCommitment(vote));
    expect(vote).toMatchObject({ round: 1, gateBaseline: 3, gateLosses: [2.5, 1024], heldOutLoss: 3, heldOutAccuracy: 0.25 });
    expect(vote.findings).toEqual(DEALT.map(() => ({ kind: 'ok', digest: segmentDigest(STEPS) })));
  });

  it('offers the commitment until a block holds it', async () => {
    const { world, at } = setUp();
    await at(stateAt(DRAWN));
    await at(stateAt(DRAWN + 1));
    expect(kinds(world.submitted)).toEqual(['commit', 'commit']);
    await at(committedAt(DRAWN + 2, world.submitted));
    expect(world.submitted).toHaveLength(2);
  });

  it('tells fraud and what nobody serves apart', async () => {
    const { world, at } = setUp();
    world.check = async (segment) =>
      segment === 2 ? { segment, result: 'fraud', fault: 'update', stepDigests: STEPS } : { segment, result: 'unavailable' };
    await at(stateAt(DRAWN));
    await at(committedAt(DEADLINES.commits, world.submitted));
    expect(voteIn(world.submitted).findings).toEqual(
      DEALT.map(({ segment }) => (segment === 2 ? { kind: 'fraud', fault: 'update' } : { kind: 'unavailable' })),
    );
  });

  it('commits in time to what it has found, and says what it did not come to', async () => {
    const { world, at } = setUp();
    world.check = (segment) => (world.checked.length === 1 ? Promise.resolve(held(segment)) : new Promise(() => {}));
    await at(stateAt(DRAWN));
    await at(stateAt(DEADLINES.commits - 3));
    expect(world.submitted).toEqual([]);
    await at(stateAt(DEADLINES.commits - 2));
    expect(kinds(world.submitted)).toEqual(['commit']);
    await at(committedAt(DEADLINES.commits, world.submitted));
    const { findings, gateBaseline } = voteIn(world.submitted);
    expect(findings.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
    expect(findings.filter(({ kind }) => kind === 'unchecked')).toHaveLength(DEALT.length - 1);
    expect(gateBaseline).toBeUndefined();
  });

  it('opens after a restart what it committed to before', async () => {
    const store = createMemoryStore();
    const first = setUp(store);
    await first.at(stateAt(DRAWN));
    await first.duty.stop();
    const second = setUp(store);
    await second.at(committedAt(DEADLINES.commits, first.world.submitted));
    expect(second.world.checked).toEqual([]);
    const [commit] = first.world.submitted;
    expect(commit?.operation.type === 'commit' && commit.operation.commitment).toEqual(voteCommitment(voteIn(second.world.submitted)));
  });

  it('rules on disputed segments with what it knows, and runs those it does not', async () => {
    const { world, at } = setUp();
    await at(stateAt(DRAWN));
    const known = DEALT[0];
    const unknown = { proof: 1, segment: [0, 1, 2].find((segment) => !world.checked.includes(`1/${segment}`)) ?? 0 };
    if (known === undefined) throw new Error('nothing was dealt');
    const before = world.checked.length;
    const disputes = [known, unknown].map((ref) => ({ ...ref, reason: 'digests' as const }));
    const votes = [{ ...voteIn([...world.submitted, ...(await opened(world))]) }];
    await at(stateAt(DEADLINES.votes, { disputes, votes }));
    expect(world.checked.slice(before).filter((name) => name !== `1/${unknown.segment}`)).toEqual([]);
    const ruling = world.submitted.at(-1)?.operation;
    expect(ruling).toMatchObject({ type: 'ruling', round: 1 });
    expect(ruling?.type === 'ruling' && ruling.rulings).toEqual(
      disputes.map(({ proof: place, segment }) => ({ proof: place, segment, kind: 'held', steps: STEPS })),
    );

    async function opened(of: typeof world) {
      await at(committedAt(DEADLINES.commits, of.submitted));
      return of.submitted;
    }
  });

  it('waits for its model', async () => {
    const { world, at } = setUp();
    await at(stateAt(DRAWN), NOT_READY);
    expect(world.checked).toEqual([]);
    await at(stateAt(DRAWN + 1));
    expect(world.checked).toHaveLength(DEALT.length);
  });

  it('goes on after an error from the segment it came to', async () => {
    const { world, at } = setUp();
    world.check = async (segment) => {
      if (world.checked.length === 2) throw new Error('the disk is full');
      return held(segment);
    };
    await at(stateAt(DRAWN));
    expect(world.submitted).toEqual([]);
    await at(stateAt(DRAWN + 1));
    expect(world.checked).toHaveLength(DEALT.length + 1);
    expect(kinds(world.submitted)).toEqual(['commit']);
  });

  it('does not judge a round whose start it does not hold', async () => {
    const { world, at } = setUp();
    world.check = async () => {
      throw learningError('LEARNING_WRONG_ROUND', 'a snapshot was taken');
    };
    await at(stateAt(DRAWN));
    await at(stateAt(DRAWN + 1));
    expect(world.checked).toHaveLength(1);
    expect(world.submitted).toEqual([]);
  });

  it('drops a check that the next boundary overtakes, also in its last step', async () => {
    const { world, at } = setUp();
    const open = { ...INITIAL.open, number: 3, openedAt: 24, sealsAt: 38 };
    const next = { ...stateAt(25), open, sealed: sealedRound({ number: 2, sealedAt: 24 }) };
    let finish: (value: { loss: number; accuracy: number }) => void = () => {};
    world.evaluate = () => new Promise((resolve) => (finish = resolve));
    await at(stateAt(DRAWN));
    await at(next);
    finish({ loss: 1, accuracy: 1 });
    await settle();
    expect(kinds(world.submitted).filter((kind) => kind !== 'reveal')).toEqual([]);
  });

  it('says nothing after it was stopped', async () => {
    const { world, duty, at } = setUp();
    let finish: (finding: SegmentFinding) => void = () => {};
    world.check = () => new Promise((resolve) => (finish = resolve));
    await at(stateAt(DRAWN));
    await duty.stop();
    finish(held(0));
    await settle();
    await at(stateAt(DRAWN + 1));
    expect(world.checked).toHaveLength(1);
    expect(world.submitted).toEqual([]);
  });
});
