import { describe, expect, it } from 'vitest';
import type { SignedOperation, Verdict } from '../../codec/types.ts';
import { settle } from '../../consensus/testing/virtual-time.ts';
import { learningError } from '../../learning/errors.ts';
import { silentLogger } from '../../primitives/log.ts';
import type { ProtocolState, SealedRound } from '../../protocol/types.ts';
import { fakeLearning } from '../testing/learning.ts';
import { acceptingVote, authority, CONTEXT, INITIAL, named, proof, reveal, TRAINER } from '../testing/network.ts';
import { createAuthorityDuty } from './authority.ts';

const { signer, onion } = authority(0);
const NOT_READY = -1;
const PROOFS = [proof(TRAINER, 1).operation, { ...proof(TRAINER, 1).operation, trainer: new Uint8Array(20).fill(255) }];

/** Round 1 was sealed at height 10, and preimages are due by height 12. */
function stateAt(height: number, sealed: Partial<SealedRound> = {}): ProtocolState {
  return {
    ...INITIAL,
    height,
    open: { ...INITIAL.open, number: 2, openedAt: 10, sealsAt: 20 },
    sealed: {
      number: 1,
      openedAt: 4,
      sealedAt: 10,
      beacon: INITIAL.beacon,
      roster: PROOFS.map(({ trainer }) => trainer),
      startRoot: INITIAL.open.startRoot,
      proofs: PROOFS,
      challengeSeed: height >= 12 ? named('seed', 1) : undefined,
      votes: [],
      ...sealed,
    },
  };
}

function setUp() {
  let state = stateAt(10);
  let readyRound: number | undefined = 2;
  const world = {
    submitted: [] as SignedOperation[],
    checks: 0,
    check: async (): Promise<Verdict> => ({ kind: 'accept' }),
    evaluate: async () => ({ loss: 3, accuracy: 0.25 }),
  };
  const duty = createAuthorityDuty(CONTEXT, {
    learning: fakeLearning({
      check: () => {
        world.checks++;
        return world.check();
      },
      evaluate: () => world.evaluate(),
    }),
    proofs: { opening: async () => undefined, blob: async () => false },
    signer,
    onion,
    state: () => state,
    readyRound: () => readyRound,
    submit: (signed) => world.submitted.push(signed),
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

describe('createAuthorityDuty', () => {
  it('reveals in the window, until a block holds it', async () => {
    const { world, at } = setUp();
    await at(stateAt(10));
    await at(stateAt(11));
    expect(world.submitted).toEqual([reveal(INITIAL, 0, 1), reveal(INITIAL, 0, 1)]);
    await at({ ...stateAt(11), authorities: INITIAL.authorities.map((record) => ({ ...record, revealedRound: 1 })) });
    await at(stateAt(12), NOT_READY);
    expect(world.submitted).toHaveLength(2);
  });

  it('checks every sealed proof once the challenges are drawn, and votes until a block holds it', async () => {
    const { world, at } = setUp();
    world.check = async () => (world.checks === 2 ? { kind: 'fraud', segment: 0 } : { kind: 'accept' });
    await at(stateAt(12));
    await at(stateAt(13));
    expect(world.checks).toBe(2);
    expect(kinds(world.submitted)).toEqual(['vote', 'vote']);
    expect(world.submitted[0]?.operation).toMatchObject({
      round: 1,
      verdicts: [{ kind: 'accept' }, { kind: 'fraud', segment: 0 }],
      heldOutLoss: 3,
    });
    const { authority: self, verdicts, heldOutLoss, heldOutAccuracy } = acceptingVote(0, 1, 2).operation;
    await at(stateAt(14, { votes: [{ authority: self, verdicts, heldOutLoss, heldOutAccuracy }] }));
    expect(world.submitted).toHaveLength(2);
  });

  it('votes in time with what it has found, and says what it did not come to', async () => {
    const { world, at } = setUp();
    world.check = () => (world.checks === 1 ? Promise.resolve({ kind: 'accept' }) : new Promise(() => {}));
    await at(stateAt(12));
    await at(stateAt(16));
    expect(world.submitted).toEqual([]);
    await at(stateAt(17));
    expect(kinds(world.submitted)).toEqual(['vote']);
    const [cast] = world.submitted;
    expect(cast?.operation.type === 'vote' && cast.operation.verdicts.map(({ kind }) => kind).sort()).toEqual(['accept', 'unchecked']);
  });

  it('checks in an order that the draw decides, the same for everybody', async () => {
    const first = async (seed: number) => {
      const { world, at } = setUp();
      world.check = () => (world.checks === 1 ? Promise.resolve({ kind: 'accept' }) : new Promise(() => {}));
      const challengeSeed = new Uint8Array(32).fill(seed);
      await at(stateAt(12, { challengeSeed }));
      await at(stateAt(17, { challengeSeed }));
      const cast = world.submitted[0]?.operation;
      return cast?.type === 'vote' ? cast.verdicts.findIndex(({ kind }) => kind === 'accept') : undefined;
    };
    expect(await Promise.all([first(0), first(0), first(1)])).toEqual([0, 0, 1]);
  });

  it('waits for its model', async () => {
    const { world, at } = setUp();
    await at(stateAt(12), NOT_READY);
    expect(world.checks).toBe(0);
    await at(stateAt(13));
    expect(world.checks).toBe(2);
  });

  it('goes on after an error from the proof it came to', async () => {
    const { world, at } = setUp();
    world.check = async () => {
      if (world.checks === 2) throw new Error('the disk is full');
      return { kind: 'accept' };
    };
    await at(stateAt(12));
    expect(world.submitted).toEqual([]);
    await at(stateAt(13));
    expect(world.checks).toBe(3);
    expect(kinds(world.submitted)).toEqual(['vote']);
  });

  it('does not judge a round whose start it does not hold', async () => {
    const { world, at } = setUp();
    world.check = async () => {
      throw learningError('LEARNING_WRONG_ROUND', 'a snapshot was taken');
    };
    await at(stateAt(12));
    await at(stateAt(13));
    expect(world.checks).toBe(1);
    expect(world.submitted).toEqual([]);
  });

  it('drops a check that the next boundary overtakes, also in its last step', async () => {
    const { world, at } = setUp();
    const next = { ...stateAt(21), open: { ...INITIAL.open, number: 3, openedAt: 20, sealsAt: 30 } };
    const settled = { ...next, sealed: { ...stateAt(21).sealed, number: 2, sealedAt: 20, challengeSeed: undefined } as SealedRound };
    let finish: (value: { loss: number; accuracy: number }) => void = () => {};
    world.evaluate = () => new Promise((resolve) => (finish = resolve));
    await at(stateAt(12));
    await at({ ...settled, height: 25 });
    finish({ loss: 1, accuracy: 1 });
    await settle();
    expect(kinds(world.submitted)).toEqual([]);
  });

  it('says nothing after it was stopped', async () => {
    const { world, duty, at } = setUp();
    let finish: (verdict: Verdict) => void = () => {};
    world.check = () => new Promise((resolve) => (finish = resolve));
    await at(stateAt(12));
    await duty.stop();
    finish({ kind: 'accept' });
    await settle();
    await at(stateAt(13));
    expect(world.checks).toBe(1);
    expect(world.submitted).toEqual([]);
  });
});
