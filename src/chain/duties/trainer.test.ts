import { describe, expect, it } from 'vitest';
import type { SignedOperation } from '../../codec/types.ts';
import { settle } from '../../consensus/testing/virtual-time.ts';
import { learningError } from '../../learning/errors.ts';
import type { Assignment, TrainedRound, TrainingProgress } from '../../learning/types.ts';
import { systemClock } from '../../primitives/clock.ts';
import { silentLogger } from '../../primitives/log.ts';
import type { ProtocolState } from '../../protocol/types.ts';
import { fakeLearning } from '../testing/learning.ts';
import { CONTEXT, INITIAL, proof, sealedRound, TRAINER } from '../testing/network.ts';
import { createTrainerDuty } from './trainer.ts';

const SUBMIT_BLOCKS = CONTEXT.genesis.rounds.submit_blocks;
const STEPS = 10;
const OPTIONS = { ...CONTEXT, genesis: { ...CONTEXT.genesis, rounds: { ...CONTEXT.genesis.rounds, steps_per_segment: STEPS } } };
const BLOCK_MS = 1_000;
const NOT_READY = -1;

/** Round `number` is open from height 10·number, and its boundary is at 10·number + 10. */
function stateAt(number: number, blocks: number, changes: Partial<ProtocolState['open']> = {}): ProtocolState {
  return {
    ...INITIAL,
    height: 10 * number + blocks,
    open: { ...INITIAL.open, number, openedAt: 10 * number, sealsAt: 10 * number + 10, roster: [TRAINER.address], ...changes },
  };
}

const trainedIn = (round: number): TrainedRound => {
  const { type, ...rest } = proof(TRAINER, round).operation;
  return rest;
};

function setUp(initial: ProtocolState, options = OPTIONS) {
  let state = initial;
  let readyRound: number | undefined = initial.open.number;
  let endTraining: (error?: unknown) => void = () => {};
  let tell: (progress: TrainingProgress) => void = () => {};
  const log = { trained: [] as Assignment[], finishes: 0, submitted: [] as SignedOperation[], results: [] as number[] };
  const world = {
    ...log,
    now: 0,
    trains: undefined as undefined | (() => Promise<void>),
    proves: (round: number): TrainedRound | undefined => trainedIn(round),
  };
  const duty = createTrainerDuty(options, {
    learning: fakeLearning({
      train(assignment, onProgress) {
        world.trained.push(assignment);
        tell = onProgress;
        return (
          world.trains?.() ??
          new Promise((resolve, reject) => {
            endTraining = (error) => (error === undefined ? resolve() : reject(error));
          })
        );
      },
      async finishTraining() {
        world.finishes++;
        endTraining();
        return world.proves(world.trained.at(-1)?.round ?? -1);
      },
    }),
    signer: TRAINER,
    state: () => state,
    readyRound: () => readyRound,
    submit: (signed) => world.submitted.push(signed),
    onRoundTrained: ({ round }) => world.results.push(round),
    clock: { ...systemClock, now: () => world.now },
    log: silentLogger,
  });
  return {
    world,
    duty,
    end: (error?: unknown) => endTraining(error),
    async stepped(steps: number, stepMs = 0) {
      const round = world.trained.at(-1)?.round ?? -1;
      tell({ round, segments: Math.floor(steps / STEPS), steps, loss: 0, tokensPerSecond: 0, stepMs });
      await settle();
    },
    async at(next: ProtocolState, ready: number | undefined = next.open.number) {
      state = next;
      readyRound = ready;
      duty.tick();
      await settle();
    },
  };
}

const kinds = (operations: readonly SignedOperation[]) => operations.map(({ operation }) => `${operation.type} ${operation.round}`);

describe('createTrainerDuty', () => {
  it('asks for a place until it has one or has asked, with the same bytes throughout a round', async () => {
    const { world, at } = setUp(stateAt(0, 1, { roster: [] }));
    await at(stateAt(0, 1, { roster: [] }));
    await at(stateAt(0, 2, { roster: [] }));
    expect(world.submitted[0]).toEqual(world.submitted[1]);
    await at({ ...stateAt(0, 3, { roster: [] }), joining: [TRAINER.address] });
    await at(stateAt(1, 1));
    expect(kinds(world.submitted)).toEqual(['join 0', 'join 0']);
  });

  it('trains an open round once, and proves it in time', async () => {
    const { world, duty, at } = setUp(stateAt(1, 0));
    await at(stateAt(1, 0));
    await at(stateAt(1, 5));
    expect(world.trained).toHaveLength(1);
    expect(duty.active).toBe(true);
    expect(world.finishes).toBe(0);
    await at(stateAt(1, 10 - SUBMIT_BLOCKS));
    expect(kinds(world.submitted)).toEqual(['proof 1']);
    expect(world.results).toEqual([1]);
    expect(duty.active).toBe(false);
    await at(stateAt(1, 9));
    expect(world.trained).toHaveLength(1);
  });

  /** To block `blocks` of round 1, with `steps` done by then. */
  async function goTo({ world, at, stepped }: ReturnType<typeof setUp>, blocks: number, steps: number): Promise<void> {
    world.now = blocks * BLOCK_MS;
    await stepped(steps);
    await at(stateAt(1, blocks));
  }

  it('begins no segment that would not end before the deadline, by the pace so far', async () => {
    const run = setUp(stateAt(1, 0));
    const { world, stepped } = run;
    await run.at(stateAt(1, 0));
    // Four steps a block, so that a segment takes two blocks and a half; the deadline is block 8.
    world.now = BLOCK_MS / 4;
    await stepped(1);
    for (const blocks of [1, 2, 3, 4]) await goTo(run, blocks, 4 * blocks + 1);
    expect(world.finishes).toBe(0);
    // The third segment runs and will end in time, a fourth would not.
    await goTo(run, 5, 21);
    expect(kinds(world.submitted)).toContain('proof 1');
  });

  it('decides between blocks too, where a segment is shorter than one', async () => {
    const run = setUp(stateAt(1, 0));
    const { world, stepped } = run;
    await run.at(stateAt(1, 0));
    world.now = BLOCK_MS / 20;
    await stepped(1);
    for (let blocks = 1; blocks <= 7; blocks++) await goTo(run, blocks, 20 * blocks + 1);
    world.now = 7.39 * BLOCK_MS;
    await stepped(148);
    expect(world.finishes).toBe(0);
    world.now = 7.6 * BLOCK_MS;
    await stepped(152);
    expect(kinds(world.submitted)).toEqual(['proof 1']);
  });

  it('asks later in the next round when the proof was in a block soon enough, and as early as before when it was not sealed', async () => {
    const rounds = { ...CONTEXT.genesis.rounds, submit_blocks: 4 };
    const { world, at } = setUp(stateAt(1, 0), { ...OPTIONS, genesis: { ...OPTIONS.genesis, rounds } });
    const { operation } = proof(TRAINER, 1);
    await at(stateAt(1, 0));
    await at(stateAt(1, 5));
    expect(kinds(world.submitted)).toEqual([]);
    await at(stateAt(1, 6));
    expect(kinds(world.submitted)).toEqual(['proof 1']);
    await at(stateAt(1, 7, { proofs: [operation] }));
    await at({ ...stateAt(2, 0), sealed: sealedRound({ number: 1, proofs: [operation] }) });
    await at(stateAt(2, 6));
    expect(kinds(world.submitted)).toEqual(['proof 1']);
    await at(stateAt(2, 7));
    expect(kinds(world.submitted)).toEqual(['proof 1', 'proof 2']);
    await at({ ...stateAt(3, 0), sealed: sealedRound({ number: 2, proofs: [] }) });
    await at(stateAt(3, 5));
    expect(kinds(world.submitted)).toEqual(['proof 1', 'proof 2']);
    await at(stateAt(3, 6));
    expect(kinds(world.submitted)).toEqual(['proof 1', 'proof 2', 'proof 3']);
  });

  it('offers the proof again until a block holds it or the round is over', async () => {
    const { world, at } = setUp(stateAt(1, 0));
    await at(stateAt(1, 0));
    await at(stateAt(1, 8));
    await at(stateAt(1, 9));
    expect(kinds(world.submitted)).toEqual(['proof 1', 'proof 1']);
    await at(stateAt(1, 9, { proofs: [proof(TRAINER, 1).operation] }));
    await at(stateAt(2, 0), 1);
    expect(world.submitted).toHaveLength(2);
  });

  it('proves as soon as the cap is reached', async () => {
    const { world, at, end } = setUp(stateAt(1, 0));
    await at(stateAt(1, 0));
    end();
    await settle();
    expect(kinds(world.submitted)).toEqual(['proof 1']);
  });

  it('still proves what was done before an error', async () => {
    const { world, at, end } = setUp(stateAt(1, 0));
    await at(stateAt(1, 0));
    end(new Error('diverged'));
    await settle();
    expect(kinds(world.submitted)).toEqual(['proof 1']);
  });

  it('waits for the model, and starts late in a round rather than not at all', async () => {
    const { world, at } = setUp(stateAt(1, 0));
    await at(stateAt(1, 1), NOT_READY);
    await at(stateAt(1, 2), 0);
    expect(world.trained).toHaveLength(0);
    // In the submit window already: one segment, then the proof. So a proof is also found again after a restart.
    await at(stateAt(1, 8));
    expect(world.trained).toHaveLength(1);
    expect(kinds(world.submitted)).toEqual(['proof 1']);
  });

  it('does not start when only the boundary is left, or when its proof is in a block', async () => {
    const late = setUp(stateAt(1, 9));
    await late.at(stateAt(1, 9));
    expect(late.world.trained).toHaveLength(0);
    const proven = setUp(stateAt(1, 5));
    await proven.at(stateAt(1, 5, { proofs: [proof(TRAINER, 1).operation] }));
    expect(proven.world.trained).toHaveLength(0);
  });

  it('goes on with the next round when finishing took longer than the round', async () => {
    const { world, at, end } = setUp(stateAt(1, 0));
    world.proves = (round) => (round === 1 ? undefined : trainedIn(round));
    await at(stateAt(1, 0));
    // The chain is past the boundary, the model is not.
    await at(stateAt(2, 0), NOT_READY);
    expect(world.finishes).toBe(0);
    await at(stateAt(2, 1));
    // The learning service ends the old round's training when it commits the boundary.
    end();
    await settle();
    expect(world.trained.map(({ round }) => round)).toEqual([1, 2]);
    expect(world.submitted).toEqual([]);
    await at(stateAt(2, 8));
    expect(kinds(world.submitted)).toEqual(['proof 2']);
  });

  it('does not offer a proof that came too late', async () => {
    const { world, at, end } = setUp(stateAt(1, 0));
    await at(stateAt(1, 0));
    await at(stateAt(2, 0), 1);
    end();
    await settle();
    expect(world.submitted).toEqual([]);
  });

  it('tries again at the next block when the model was exchanged meanwhile', async () => {
    const { world, at } = setUp(stateAt(1, 0));
    world.trains = () => Promise.reject(learningError('LEARNING_WRONG_ROUND', 'another round is open'));
    world.proves = () => undefined;
    await at(stateAt(1, 0));
    expect(world.trained).toHaveLength(1);
    world.trains = undefined;
    await at(stateAt(1, 1));
    expect(world.trained).toHaveLength(2);
  });

  it('knows how much of its whole rounds went into training steps', async () => {
    const { world, duty, at, end, stepped } = setUp(stateAt(1, 0));
    await at(stateAt(1, 0));
    await stepped(STEPS, 40);
    expect(duty.utilisation.share).toBeUndefined();
    world.now = 50;
    end();
    await settle();
    // Its beginning was not seen: it does not count.
    await at(stateAt(2, 0));
    expect(duty.utilisation).toMatchObject({ share: undefined, rounds: 0 });
    await stepped(STEPS, 40);
    end();
    await settle();
    world.now = 100;
    await at(stateAt(3, 0));
    expect(duty.utilisation).toMatchObject({ share: 40 / 50, rounds: 1 });
    // A round without a place in it counts as little as one without this node.
    end();
    await settle();
    await at(stateAt(4, 0, { roster: [] }));
    world.now = 300;
    await at(stateAt(5, 0));
    expect(duty.utilisation).toMatchObject({ rounds: 2 });
  });

  it('stops without finishing, so that a restart goes on from the last segment', async () => {
    const { world, duty, at, end } = setUp(stateAt(1, 0));
    await at(stateAt(1, 0));
    await duty.stop();
    expect(world.finishes).toBe(0);
    end();
    await settle();
    await at(stateAt(1, 8));
    expect(world.submitted).toEqual([]);
  });
});
