import { describe, expect, it } from 'vitest';
import type { ProofOperation } from '../codec/types.ts';
import { sha256 } from '../primitives/hash.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import {
  addressOf,
  assignmentOf,
  copyBlobs,
  flipLowestBit,
  openNode,
  readModel,
  referenceTo,
  sealedList,
  sourceFrom,
  summary,
  testGenesis,
  trainDishonestly,
  trainRound,
  writeModel,
} from './test-network.ts';
import type { BoundaryInput, LearningService } from './types.ts';
import { encodeUpdate, quantiseUpdate } from './update.ts';

const code = (value: string) => expect.objectContaining({ code: value });
type Node = Awaited<ReturnType<typeof openNode>>;

/** Both nodes train the open round as trainers 1 and 2 and exchange updates. */
async function trainBoth(a: Node, b: Node): Promise<readonly [ProofOperation, ProofOperation]> {
  const one = await trainRound(a, await assignmentOf(a, 1));
  const two = await trainRound(b, await assignmentOf(b, 2), 2);
  await copyBlobs(a.blobs, b.blobs);
  await copyBlobs(b.blobs, a.blobs);
  return [one, two];
}

async function commit(input: BoundaryInput, ...nodes: readonly LearningService[]) {
  const results = [];
  for (const node of nodes) {
    results.push(await node.boundary(input));
    await node.commitBoundary(input);
  }
  for (const result of results) expect(result).toEqual(results[0]);
  const [first] = results;
  if (first === undefined) throw new Error('no node');
  return first;
}

describe('rounds', () => {
  it('lead every node to the same models, and without fraud settle what was trained on', async () => {
    const [a, b] = [await openNode(), await openNode()];
    const genesis = await a.current();
    expect(genesis.round).toBe(0);

    const first = await trainBoth(a, b);
    const sealed0 = sealedList(...first);
    const roots0 = await commit({ round: 0, accepted: [], sealed: sealed0 }, a, b);
    expect(roots0.modelRoot).toEqual(genesis.modelRoot);
    expect(roots0.startRoot).not.toEqual(genesis.startRoot);
    expect(await b.current()).toEqual({ round: 1, ...roots0 });

    const sealed1 = sealedList(...(await trainBoth(a, b)));
    const roots1 = await commit({ round: 1, accepted: sealed0, sealed: sealed1 }, a, b);
    expect(roots1.modelRoot).not.toEqual(genesis.modelRoot);

    // Merged from the beginning by a node that was not there, with one update of round 1 rejected.
    const late = await openNode();
    await copyBlobs(a.blobs, late.blobs);
    expect(await commit({ round: 0, accepted: [], sealed: sealed0.slice(0, 1) }, late)).not.toEqual(roots0);
    expect((await late.boundary({ round: 1, accepted: sealed0, sealed: sealed1 })).modelRoot).toEqual(roots1.modelRoot);
    expect(await late.boundary({ round: 1, accepted: sealed0, sealed: sealed1 })).toEqual(roots1);
    const partly = await late.boundary({ round: 1, accepted: sealed0.slice(1), sealed: sealed1 });
    expect(partly.modelRoot).not.toEqual(roots1.modelRoot);
  });

  it('without accepted or sealed updates change nothing', async () => {
    const node = await openNode();
    const before = await node.current();
    for (const round of [0, 1, 2]) await commit({ round, accepted: [], sealed: [] }, node);
    expect(await node.current()).toEqual({ ...before, round: 3 });
  });

  it('can be checked after their boundary and after their settlement, while their round is kept', async () => {
    const [trainer, checker] = [await openNode(), await openNode()];
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment);
    await copyBlobs(trainer.blobs, checker.blobs);
    const source = sourceFrom(trainer, checker.blobs);
    await commit({ round: 0, accepted: [], sealed: sealedList(proof) }, trainer, checker);
    expect(summary(await checker.check(proof, assignment, [0, 3], source))).toEqual('held');
    await commit({ round: 1, accepted: sealedList(proof), sealed: [] }, trainer, checker);
    expect(summary(await checker.check(proof, assignment, [0, 3], source))).toEqual('held');
    // Who judges a verdict again is shown the opening by who checked it, and the start of the round.
    expect(await checker.opening(proof.round, proof.trainer, 3)).toEqual(await trainer.opening(proof.round, proof.trainer, 3));
    expect((await checker.heldStarts()).map(({ startRoot }) => startRoot)).toContainEqual(assignment.startRoot);
    await commit({ round: 2, accepted: [], sealed: [] }, trainer, checker);
    expect(await checker.opening(proof.round, proof.trainer, 3)).toBeUndefined();
    await expect(checker.check(proof, assignment, [0, 3], source)).rejects.toEqual(code('LEARNING_WRONG_ROUND'));
  });

  it('keep a settled model free of a forged update that was sealed', async () => {
    const node = await openNode();
    const honest = await trainRound(node, await assignmentOf(node, 1));
    const forged = await trainDishonestly(node, await assignmentOf(node, 2), 2, {
      after: (engine) => engine.weights.fill(1, 0, 40),
    });
    await copyBlobs(forged.blobs, node.blobs);
    await commit({ round: 0, accepted: [], sealed: sealedList(honest, forged.proof) }, node);
    const settled = await commit({ round: 1, accepted: sealedList(honest), sealed: [] }, node);

    const clean = await openNode();
    await copyBlobs(node.blobs, clean.blobs);
    await commit({ round: 0, accepted: [], sealed: sealedList(honest) }, clean);
    expect(await commit({ round: 1, accepted: sealedList(honest), sealed: [] }, clean)).toEqual(settled);
  });
});

describe('boundaries', () => {
  it('may be computed and committed again', async () => {
    const node = await openNode();
    const proof = await trainRound(node, await assignmentOf(node, 1));
    const input = { round: 0, accepted: [], sealed: sealedList(proof) };
    const roots = await commit(input, node);
    expect(await commit(input, node)).toEqual(roots);
    expect((await node.current()).round).toBe(1);
    // Another proposal for the same boundary can still be judged.
    const empty = await node.boundary({ round: 0, accepted: [], sealed: [] });
    expect(empty.startRoot).not.toEqual(roots.startRoot);
    expect(await node.current()).toEqual({ round: 1, ...roots });
  });

  it('do not merge again what was merged when nothing sealed was rejected', async () => {
    const node = await openNode();
    const sealed = sealedList(await trainRound(node, await assignmentOf(node, 1)));
    await commit({ round: 0, accepted: [], sealed }, node);
    for (const id of await node.blobs.list()) await node.blobs.delete(id);
    await expect(node.boundary({ round: 1, accepted: sealed, sealed: [] })).resolves.toBeDefined();
    const other = sealed.map((update) => ({ ...update, tokens: update.tokens + 1 }));
    await expect(node.boundary({ round: 1, accepted: other, sealed: [] })).rejects.toEqual(code('LEARNING_UPDATE_MISSING'));
  });

  it('can be judged for many proposals, and any of them committed', async () => {
    const node = await openNode();
    const one = await trainRound(node, await assignmentOf(node, 1));
    const other = await openNode();
    const two = await trainRound(other, await assignmentOf(other, 2));
    await copyBlobs(other.blobs, node.blobs);
    const proposals = [sealedList(one), sealedList(two), sealedList(one, two), []].map((sealed) => ({ round: 0, accepted: [], sealed }));
    const roots = [];
    for (const proposal of proposals) roots.push(await node.boundary(proposal));
    expect(new Set(roots.map((r) => String(r.startRoot))).size).toBe(4);
    await node.commitBoundary(proposals[0] as BoundaryInput);
    expect(await node.current()).toEqual({ round: 1, ...roots[0] });
  });

  it('refuse other rounds, missing updates and lists in another order', async () => {
    const node = await openNode();
    const reference = { trainer: addressOf(1), updateHash: new Uint8Array(32), tokens: 64 };
    await expect(node.boundary({ round: 1, accepted: [], sealed: [] })).rejects.toEqual(code('LEARNING_WRONG_ROUND'));
    await expect(node.boundary({ round: 0, accepted: [], sealed: [reference] })).rejects.toEqual(code('LEARNING_UPDATE_MISSING'));
    await expect(node.commitBoundary({ round: 0, accepted: [], sealed: [reference] })).rejects.toEqual(code('LEARNING_UPDATE_MISSING'));
    await expect(node.boundary({ round: 0, accepted: [], sealed: [reference, reference] })).rejects.toEqual(code('LEARNING_INPUT_INVALID'));
    await node.blobs.put(reference.updateHash, new Uint8Array(5));
    await expect(node.boundary({ round: 0, accepted: [], sealed: [reference] })).rejects.toEqual(code('LEARNING_UPDATE_INVALID'));
    expect((await node.current()).round).toBe(0);
  });
});

describe('updateIsValid', () => {
  it('accepts what was trained and nothing else', async () => {
    const node = await openNode();
    const proof = await trainRound(node, await assignmentOf(node, 1));
    expect(await node.updateIsValid(referenceTo(proof))).toBe(true);
    expect(await node.updateIsValid({ ...referenceTo(proof), updateHash: new Uint8Array(32) })).toBe(false);

    const put = async (bytes: Uint8Array, id = sha256(bytes)) => {
      await node.blobs.put(id, bytes);
      return node.updateIsValid({ trainer: addressOf(1), updateHash: id, tokens: 1 });
    };
    const good = (await node.blobs.get(proof.updateHash)) as Uint8Array;
    expect(await put(good.slice(1))).toBe(false);
    expect(await put(good, new Uint8Array(32).fill(9))).toBe(false);
    const spoiled = good.slice();
    spoiled[spoiled.length - 1] = 0x80;
    expect(await put(spoiled)).toBe(false);

    // A huge jump in one weight: canonical, but no training moves that far.
    const jump = new Float32Array(node.parameters);
    jump[5] = 1e6;
    expect(await put(encodeUpdate(quantiseUpdate(jump, new Float32Array(node.parameters))))).toBe(false);
    jump[5] = 0.1;
    expect(await put(encodeUpdate(quantiseUpdate(jump, new Float32Array(node.parameters))))).toBe(true);
  });
});

describe('snapshots', () => {
  async function network() {
    const node = await openNode();
    const proof0 = await trainRound(node, await assignmentOf(node, 1));
    await commit({ round: 0, accepted: [], sealed: sealedList(proof0) }, node);
    const proof1 = await trainRound(node, await assignmentOf(node, 1));
    const roots = await commit({ round: 1, accepted: sealedList(proof0), sealed: sealedList(proof1) }, node);
    return { node, roots, sealed: sealedList(proof1) };
  }

  it('make a newcomer equal to those who were there', async () => {
    const { node, roots, sealed } = await network();
    const { modelRoot, bytes } = await readModel(node);
    expect(modelRoot).toEqual(roots.modelRoot);

    const newcomer = await openNode();
    const expected = { openRound: 2, ...roots, sealed };
    await expect(newcomer.importSnapshot(await writeModel(bytes), expected)).rejects.toEqual(code('LEARNING_UPDATE_MISSING'));
    await copyBlobs(node.blobs, newcomer.blobs);
    await newcomer.importSnapshot(await writeModel(bytes), expected);
    expect(await newcomer.current()).toEqual(await node.current());
    expect((await readModel(newcomer)).bytes).toEqual(bytes);
    expect(await newcomer.evaluate()).toEqual(await node.evaluate());

    const proof = await trainRound(node, await assignmentOf(node, 1));
    expect(await trainRound(newcomer, await assignmentOf(newcomer, 1))).toEqual(proof);
    await commit({ round: 2, accepted: sealed, sealed: sealedList(proof) }, node, newcomer);
  });

  it('with other bytes, or for another start, are refused and change nothing', async () => {
    const { node, roots, sealed } = await network();
    const { bytes } = await readModel(node);
    const newcomer = await openNode();
    await copyBlobs(node.blobs, newcomer.blobs);
    const before = await newcomer.current();
    const expected = { openRound: 2, ...roots, sealed };
    const invalid = code('LEARNING_SNAPSHOT_INVALID');
    const spoiled = bytes.slice();
    spoiled[3] = (spoiled[3] as number) ^ 1;
    await expect(newcomer.importSnapshot(await writeModel(spoiled), expected)).rejects.toEqual(invalid);
    await expect(newcomer.importSnapshot(await writeModel(bytes.slice(4)), expected)).rejects.toEqual(invalid);
    await expect(newcomer.importSnapshot(await writeModel(bytes), { ...expected, sealed: [] })).rejects.toEqual(invalid);
    await expect(newcomer.importSnapshot(await writeModel(bytes), { ...expected, startRoot: before.startRoot })).rejects.toEqual(invalid);
    expect(await newcomer.current()).toEqual(before);
    await commit({ round: 0, accepted: [], sealed: [] }, newcomer);
  });
});

describe('evaluation', () => {
  it('is the same everywhere, follows the settled model, and improves with training', async () => {
    const [a, b] = [await openNode(), await openNode()];
    const before = await a.evaluate();
    expect(await b.evaluate()).toEqual(before);
    expect(before.loss).toBeGreaterThan(0);
    expect(Math.fround(before.loss)).toBe(before.loss);

    let accepted: BoundaryInput['accepted'] = [];
    for (let round = 0; round < 4; round++) {
      const sealed = sealedList(await trainRound(a, await assignmentOf(a, 1)));
      await commit({ round, accepted, sealed }, a);
      accepted = sealed;
    }
    expect((await a.evaluate()).loss).toBeLessThan(before.loss);
    expect(await b.evaluate()).toEqual(before);
  });

  it('reads weights that inference reads too', async () => {
    const node = await openNode();
    const { readFile } = await import('node:fs/promises');
    const { bytes } = await readModel(node);
    expect(new Uint8Array(await readFile(await node.settledWeightsPath()))).toEqual(bytes.slice(0, node.parameters * 4));
  });
});

describe('training', () => {
  it('gives way to a boundary within one step', async () => {
    const node = await openNode({ genesis: { ...testGenesis, rounds: { ...testGenesis.rounds, max_segments: 50 } } });
    let steps = 0;
    let waited: Promise<number> | undefined;
    const finished = node.train(await assignmentOf(node, 1), (progress) => {
      steps = progress.steps;
      if (steps !== 3) return;
      waited = node.boundary({ round: 0, accepted: [], sealed: [] }).then(() => steps - 3);
    });
    while (waited === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(await waited).toBeLessThanOrEqual(1);
    await node.finishTraining();
    await finished;
  });

  it('rests while a check runs, and ends with the running segment when asked to finish', async () => {
    const other = await openNode();
    const node = await openNode({ genesis: { ...testGenesis, rounds: { ...testGenesis.rounds, max_segments: 50 } } });
    const proof = await trainRound(other, await assignmentOf(other, 2));
    const theirs = await assignmentOf(node, 2);
    let steps = 0;
    let check: Promise<unknown> | undefined;
    const finished = node.train(await assignmentOf(node, 1), (progress) => {
      steps = progress.steps;
      if (steps !== 1) return;
      check = node.check(proof, theirs, [0, 1, 2, 3], sourceFrom(other, node.blobs)).then(() => steps);
    });
    while (check === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(await check).toBe(1);
    const trained = await node.finishTraining();
    await finished;
    expect(trained?.segments).toBe(1);
    expect(steps).toBe(2);
  });

  it('is abandoned by the next boundary', async () => {
    const node = await openNode({ genesis: { ...testGenesis, rounds: { ...testGenesis.rounds, max_segments: 50 } } });
    let boundary: Promise<void> | undefined;
    await node.train(await assignmentOf(node, 1), ({ steps }) => {
      if (steps === 3) boundary = node.commitBoundary({ round: 0, accepted: [], sealed: [] });
    });
    await boundary;
    expect(await node.finishTraining()).toBeUndefined();
    const next = await trainRound(node, await assignmentOf(node, 1), 1);
    expect(next.round).toBe(1);
  });

  it('refuses a second round at once, another round, and a closed service', async () => {
    const node = await openNode();
    const assignment = await assignmentOf(node, 1);
    const running = node.train(assignment, () => {});
    await expect(node.train(assignment, () => {})).rejects.toEqual(code('LEARNING_BUSY'));
    await node.finishTraining();
    await running;
    await expect(node.train({ ...assignment, round: 1 }, () => {})).rejects.toEqual(code('LEARNING_WRONG_ROUND'));
    await expect(node.train({ ...assignment, startRoot: new Uint8Array(32) }, () => {})).rejects.toEqual(code('LEARNING_WRONG_ROUND'));
    await node.close();
    await expect(node.train(assignment, () => {})).rejects.toEqual(code('LEARNING_CLOSED'));
    await expect(node.evaluate()).rejects.toEqual(code('LEARNING_CLOSED'));
  });

  it('and checks end when the service closes', async () => {
    const other = await openNode();
    const node = await openNode();
    const proof = await trainRound(other, await assignmentOf(other, 2));
    const check = node.check(proof, await assignmentOf(node, 2), [0, 1, 2, 3], sourceFrom(other, node.blobs));
    const training = node.train(await assignmentOf(node, 1), () => {});
    await Promise.all([expect(check).rejects.toEqual(code('LEARNING_CLOSED')), expect(training).resolves.toBeUndefined(), node.close()]);
  });

  it('does one segment when asked to finish at once', async () => {
    const node = await openNode();
    const training = node.train(await assignmentOf(node, 1), () => {});
    expect((await node.finishTraining())?.segments).toBe(1);
    await training;
  });

  it('gives nothing when nothing was trained, and the same proof when asked twice', async () => {
    const node = await openNode();
    expect(await node.finishTraining()).toBeUndefined();
    await trainRound(node, await assignmentOf(node, 1), 2);
    expect(await node.finishTraining()).toEqual(await node.finishTraining());
    expect((await node.finishTraining())?.segments).toBe(2);
  });

  it('survives a listener that throws', async () => {
    const node = await openNode();
    await node.train(await assignmentOf(node, 1), () => {
      throw new Error('listener');
    });
    expect((await node.finishTraining())?.segments).toBe(4);
  });

  it('keeps what was finished when a later segment fails', async () => {
    const blobs = createMemoryBlobStore();
    let puts = 0;
    const full = {
      ...blobs,
      async put(id: Uint8Array, bytes: Uint8Array) {
        puts++;
        if (puts === 3) throw new Error('disk full');
        await blobs.put(id, bytes);
      },
    };
    const node = await openNode({ blobs: full });
    const assignment = await assignmentOf(node, 1);
    await expect(node.train(assignment, () => {})).rejects.toThrow('disk full');
    const trained = await node.finishTraining();
    expect(trained?.segments).toBe(2);
    const checker = await openNode();
    const proof = { type: 'proof' as const, ...(trained as NonNullable<typeof trained>) };
    expect(summary(await checker.check(proof, assignment, [0, 1], sourceFrom(node, checker.blobs)))).toEqual('held');
  });

  it('never proves from a state that the disk damaged', async () => {
    const blobs = createMemoryBlobStore();
    const node = await openNode({ blobs });
    await node.train(await assignmentOf(node, 1), () => {});
    for (const id of await blobs.list()) {
      const bytes = (await blobs.get(id)) as Uint8Array;
      flipLowestBit(new Float32Array(bytes.buffer, 0, 1), 0);
      await blobs.put(id, bytes);
    }
    await expect(node.finishTraining()).rejects.toEqual(code('LEARNING_STORE_CORRUPT'));
  });
});
