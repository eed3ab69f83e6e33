import { describe, expect, it } from 'vitest';
import { createVirtualTime, settle } from '../consensus/testing/virtual-time.ts';
import type { BoundaryInput } from '../learning/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { silentLogger } from '../primitives/log.ts';
import type { ProtocolState } from '../protocol/types.ts';
import { createMemoryStore } from '../store/memory.ts';
import { createBlockStore } from './block-store.ts';
import { FOLLOW_RETRY_FIRST_MS } from './limits.ts';
import { createModelKeeper } from './model-keeper.ts';
import { fakeLearning } from './testing/learning.ts';
import { INITIAL, named, proof, sealedRound, TRAINER } from './testing/network.ts';

const model = (round: number) => named('model', `before round ${round}`);
const start = (round: number) => named('start', `of round ${round}`);
const proofOf = (round: number) => proof(TRAINER, round).operation;

/** The chain while `round` is open; one proof was sealed in the round before it. */
function stateAt(round: number, proofs: ProtocolState['open']['proofs'] = []): ProtocolState {
  const sealed = round === 0 ? undefined : sealedRound({ number: round - 1, sealedAt: 6 * round, proofs: [proofOf(round - 1)] });
  return { ...INITIAL, modelRoot: model(round), open: { ...INITIAL.open, number: round, startRoot: start(round), proofs }, sealed };
}

function setUp(heldRound: number, chainRound: number) {
  const time = createVirtualTime(0);
  let state = stateAt(chainRound);
  let held = heldRound;
  const world = {
    /** Updates that no peer serves, snapshots that some peer does. */
    missing: new Set<string>(),
    snapshots: true,
    damaged: new Set<string>(),
    mergesTo: model as (round: number) => Uint8Array,
    calls: [] as string[],
    ready: [] as number[],
    time,
    open(round: number, proofs: ProtocolState['open']['proofs'] = []) {
      state = stateAt(round, proofs);
    },
  };
  const learning = fakeLearning({
    current: async () => ({ round: held, modelRoot: model(held), startRoot: start(held) }),
    updateIsValid: async ({ updateHash }) => !world.damaged.has(toHex(updateHash)),
    boundary: async ({ round }: BoundaryInput) => ({ modelRoot: world.mergesTo(round + 1), startRoot: start(round + 1) }),
    commitBoundary: async ({ round }) => {
      world.calls.push(`merge ${round}`);
      held = round + 1;
    },
    importSnapshot: async (_, { openRound }) => {
      world.calls.push(`import ${openRound}`);
      held = openRound;
    },
  });
  const keeper = createModelKeeper({
    learning,
    source: {
      update: async ({ updateHash }) => {
        world.calls.push(`update ${toHex(updateHash).slice(0, 8)}`);
        return !world.missing.has(toHex(updateHash));
      },
      discard: async ({ updateHash }) => void world.damaged.delete(toHex(updateHash)),
      snapshot: async () => (world.snapshots ? { weights: 'weights', momentum: 'momentum' } : undefined),
      discardSnapshot: async () => {},
    },
    blocks: createBlockStore(createMemoryStore()),
    state: () => state,
    clock: time,
    log: silentLogger,
  });
  keeper.onReady((round) => world.ready.push(round));
  return { ...world, world, keeper };
}

const imports = (calls: readonly string[]) => calls.filter((call) => !call.startsWith('update'));

describe('createModelKeeper', () => {
  it('is ready at once when the models are those of the open round', async () => {
    const { keeper, world } = setUp(3, 3);
    keeper.follow();
    await settle();
    expect(keeper.readyRound).toBe(3);
    expect(world.ready).toEqual([3]);
    expect(world.calls).toEqual([]);
  });

  it('merges when one boundary behind', async () => {
    const { keeper, world } = setUp(2, 3);
    keeper.follow();
    await settle();
    expect(imports(world.calls)).toEqual(['merge 2']);
    expect(keeper.readyRound).toBe(3);
  });

  it('takes a snapshot when further behind, or when it merges to another model', async () => {
    const far = setUp(0, 3);
    far.keeper.follow();
    await settle();
    expect(imports(far.world.calls)).toEqual(['import 3']);
    const wrong = setUp(2, 3);
    wrong.world.mergesTo = () => named('model', 'wrong');
    wrong.keeper.follow();
    await settle();
    expect(imports(wrong.world.calls)).toEqual(['import 3']);
    expect(wrong.keeper.readyRound).toBe(3);
  });

  it('tries again, less and less often, until the update is served', async () => {
    const { keeper, world, time } = setUp(2, 3);
    world.missing.add(toHex(proofOf(2).updateHash));
    keeper.follow();
    await time.runUntil(FOLLOW_RETRY_FIRST_MS * 1.5);
    const early = world.calls.length;
    await time.runUntil(FOLLOW_RETRY_FIRST_MS * 100);
    // Pauses of 2, 4, 8, 16, 32, 60, 60 s: not one each 2 s.
    expect(world.calls.length).toBeLessThan(early * 6);
    expect(keeper.readyRound).toBeUndefined();
    world.missing.clear();
    await time.runUntil(FOLLOW_RETRY_FIRST_MS * 200);
    expect(keeper.readyRound).toBe(3);
    expect(world.ready).toEqual([3]);
  });

  it('fetches a damaged update anew', async () => {
    const { keeper, world, time } = setUp(2, 3);
    world.snapshots = false;
    world.damaged.add(toHex(proofOf(2).updateHash));
    keeper.follow();
    await time.runUntil(FOLLOW_RETRY_FIRST_MS + 1);
    expect(keeper.readyRound).toBe(3);
    expect(imports(world.calls)).toEqual(['merge 2']);
  });

  it('goes on to the next boundary when that became final while it merged', async () => {
    const { keeper, world } = setUp(2, 3);
    keeper.follow();
    world.open(4);
    keeper.follow();
    await settle();
    expect(imports(world.calls)).toEqual(['merge 2', 'merge 3']);
    expect(world.ready).toEqual([4]);
    expect(keeper.readyRound).toBe(4);
  });

  it('is no longer ready once a boundary passes', async () => {
    const { keeper, world } = setUp(3, 3);
    keeper.follow();
    await settle();
    world.missing.add(toHex(proofOf(3).updateHash));
    world.open(4);
    keeper.follow();
    expect(keeper.readyRound).toBeUndefined();
    await keeper.stop();
  });

  it('fetches updates while their round is open, each once', async () => {
    const { keeper, world } = setUp(3, 3);
    const name = `update ${toHex(proofOf(3).updateHash).slice(0, 8)}`;
    world.open(3, [proofOf(3)]);
    for (let i = 0; i < 3; i++) {
      keeper.follow();
      await settle();
    }
    expect(world.calls).toEqual([name]);
  });

  it('asks again for an update that nobody served', async () => {
    const { keeper, world } = setUp(3, 3);
    world.open(3, [proofOf(3)]);
    world.missing.add(toHex(proofOf(3).updateHash));
    keeper.follow();
    await settle();
    keeper.follow();
    await settle();
    expect(world.calls).toHaveLength(2);
  });

  it('stops at once, in a pause and in the middle of a fetch', async () => {
    const pausing = setUp(2, 3);
    pausing.world.missing.add(toHex(proofOf(2).updateHash));
    pausing.keeper.follow();
    await settle();
    await pausing.keeper.stop();
    const calls = pausing.world.calls.length;
    await pausing.time.runUntil(FOLLOW_RETRY_FIRST_MS * 10);
    expect(pausing.world.calls).toHaveLength(calls);

    const fetching = createModelKeeper({
      learning: fakeLearning({ current: () => new Promise(() => {}) }),
      source: { update: async () => true, discard: async () => {}, snapshot: async () => undefined, discardSnapshot: async () => {} },
      blocks: createBlockStore(createMemoryStore()),
      state: () => stateAt(3),
      clock: createVirtualTime(0),
      log: silentLogger,
    });
    fetching.follow();
    await fetching.stop();
    expect(fetching.readyRound).toBeUndefined();
  });

  it('tells a boundary’s judge which updates are held and well-formed', async () => {
    const { keeper, world } = setUp(3, 3);
    const [a, b, c] = [1, 2, 3].map((n) => ({ trainer: TRAINER.address, updateHash: named('update', n), tokens: 1 }));
    if (a === undefined || b === undefined || c === undefined) throw new Error('unreachable');
    world.missing.add(toHex(a.updateHash));
    world.damaged.add(toHex(b.updateHash));
    expect(await keeper.oracle.available([a, b, c])).toEqual([c]);
  });
});
