import { describe, expect, it } from 'vitest';
import type { SignedOperation } from '../../codec/types.ts';
import { settle } from '../../consensus/testing/virtual-time.ts';
import { learningError } from '../../learning/errors.ts';
import type { Assignment, TrainedRound } from '../../learning/types.ts';
import { systemClock } from '../../primitives/clock.ts';
import { silentLogger } from '../../primitives/log.ts';
import type { ProtocolState } from '../../protocol/types.ts';
import { fakeLearning } from '../testing/learning.ts';
import { CONTEXT, INITIAL, proof, TRAINER } from '../testing/network.ts';
import { createTrainerDuty } from './trainer.ts';

const SUBMIT_BLOCKS = CONTEXT.genesis.rounds.submit_blocks;
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

function setUp(initial: ProtocolState) {
  let state = initial;
  let readyRound: number | undefined = initial.open.number;
  let endTraining: (error?: unknown) => void = () => {};
  const log = { trained: [] as Assignment[], finishes: 0, submitted: [] as SignedOperation[], results: [] as number[], segments: 0 };
  const world = {
    ...log,
    now: 0,
    trains: undefined as undefined | (() => Promise<void>),
    proves: (round: number): TrainedRound | undefined => trainedIn(round),
  };
  const duty = createTrainerDuty(CONTEXT, {
    learning: fakeLearning({
      train(assignment, onProgress) {
        world.trained.push(assignment);
        const steps = world.segments * CONTEXT.genesis.rounds.steps_per_segment;
        if (steps > 0) onProgress({ round: assignment.round, segments: world.segments, steps, loss: 0, tokensPerSecond: 0, stepMs: 40 });
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

  it('finishes earlier where a segment takes blocks', async () => {
    const { world, at } = setUp(stateAt(1, 0));
    world.segments = 2;
    await at(stateAt(1, 0));
    await at(stateAt(1, 4));
    expect(world.finishes).toBe(0);
    // Two segments in six blocks: the third may take three more.
    await at(stateAt(1, 6));
    expect(kinds(world.submitted)).toEqual(['proof 1']);
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
    const { world, duty, at, end } = setUp(stateAt(1, 0));
    world.segments = 1;
    await at(stateAt(1, 0));
    expect(duty.utilisation.share).toBeUndefined();
    world.now = 50;
    end();
    await settle();
    // Its beginning was not seen: it does not count.
    await at(stateAt(2, 0));
    expect(duty.utilisation).toMatchObject({ share: undefined, rounds: 0 });
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
