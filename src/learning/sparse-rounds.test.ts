import { describe, expect, it } from 'vitest';
import type { ProofOperation } from '../codec/types.ts';
import type { Genesis } from '../params/genesis.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { littleEndianBytes, vectorRoot } from './chunks.ts';
import {
  addressOf,
  assignmentOf,
  copyBlobs,
  openNode,
  sealedList,
  sourceFrom,
  summary,
  testGenesis,
  trainDishonestly,
  trainRound,
} from './test-network.ts';
import { createUpdateFormat } from './update-format.ts';

const genesis: Genesis = { ...testGenesis, learning: { ...testGenesis.learning, sparse_updates: { keep: 64, feedback_decay: 0.9 } } };
const LAST = 3;
const ALL = [0, 1, 2, LAST];

type Node = Awaited<ReturnType<typeof openNode>>;
const open = () => openNode({ genesis });

async function feedbackOf(node: Node, proof: ProofOperation) {
  const bytes = (await node.blobs.get(proof.updateHash)) as Uint8Array;
  const { feedback } = createUpdateFormat(genesis.learning, node.parameters).decode(bytes);
  if (feedback === undefined) throw new Error('sparse updates have feedback');
  return feedback;
}

/** Trainer 1 proves a round, which is accepted; nothing is sealed in the next. Round 2 then starts from the settled model. */
async function atRoundTwo(...nodes: readonly [Node, ...Node[]]) {
  const [trainer] = nodes;
  const proof = await trainRound(trainer, await assignmentOf(trainer, 1));
  for (const node of nodes) await copyUpdate(trainer, node, proof);
  for (const node of nodes) await node.commitBoundary({ round: 0, accepted: [], sealed: sealedList(proof) });
  for (const node of nodes) await node.commitBoundary({ round: 1, accepted: sealedList(proof), sealed: [] });
  return proof;
}

async function copyUpdate(from: Pick<Node, 'blobs'>, to: Node, proof: ProofOperation): Promise<void> {
  await to.blobs.put(proof.updateHash, (await from.blobs.get(proof.updateHash)) as Uint8Array);
}

describe('rounds of sparse updates', () => {
  it('begin with what the accepted update of two rounds before kept back, and any node can check it', async () => {
    const [trainer, checker] = [await open(), await open()];
    const first = await atRoundTwo(trainer, checker);
    const assignment = await assignmentOf(trainer, 1);
    expect(assignment.round).toBe(2);
    const proof = await trainRound(trainer, assignment);
    await copyUpdate(trainer, checker, proof);
    const [before, now] = [await feedbackOf(trainer, first), await feedbackOf(trainer, proof)];
    expect(now.before).toEqual(before.after);
    expect(now.after).not.toEqual(before.after);
    for (const segments of [[0], [1], [LAST], ALL]) {
      const fresh = sourceFrom(trainer, checker.blobs);
      expect(summary(await checker.check(proof, assignment, segments, fresh))).toBe('held');
    }
    // Also when its boundary is past and another round is open.
    const sealed = { round: 2, accepted: [], sealed: sealedList(proof) };
    await trainer.commitBoundary(sealed);
    await checker.commitBoundary(sealed);
    expect(summary(await checker.check(proof, assignment, [LAST], sourceFrom(trainer, checker.blobs)))).toBe('held');
  });

  it('lead to the same model on all nodes', async () => {
    const [a, b] = [await open(), await open()];
    const one = await trainRound(a, await assignmentOf(a, 1));
    const two = await trainRound(b, await assignmentOf(b, 2), 2);
    await copyUpdate(a, b, one);
    await copyUpdate(b, a, two);
    const input = { round: 0, accepted: [], sealed: sealedList(one, two) };
    const before = await a.current();
    const roots = await a.boundary(input);
    expect(await b.boundary(input)).toEqual(roots);
    expect(roots.startRoot).not.toEqual(before.startRoot);
    expect(await a.updateIsValid(sealedList(one)[0] as never)).toBe(true);
  });

  it('begin with zeros after a rejected update, after a missed round, and when the vector was lost', async () => {
    const zeros = createUpdateFormat(genesis.learning, (await open()).parameters).noFeedback;
    const rejected = await open();
    const refused = await trainRound(rejected, await assignmentOf(rejected, 1));
    await rejected.commitBoundary({ round: 0, accepted: [], sealed: sealedList(refused) });
    await rejected.commitBoundary({ round: 1, accepted: [], sealed: [] });
    const lost = await open();
    const proof = await atRoundTwo(lost);
    await lost.blobs.delete((await feedbackOf(lost, proof)).after);
    for (const node of [rejected, lost]) {
      const assignment = await assignmentOf(node, 1);
      const next = await trainRound(node, assignment);
      expect((await feedbackOf(node, next)).before).toEqual(zeros);
      expect(summary(await node.check(next, assignment, ALL, sourceFrom(node, node.blobs)))).toBe('held');
    }
  });

  it('are unavailable where nobody serves what was kept back, and only at the last segment', async () => {
    const [trainer, checker] = [await open(), await open()];
    await atRoundTwo(trainer, checker);
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment);
    await copyUpdate(trainer, checker, proof);
    const { before } = await feedbackOf(trainer, proof);
    const source = sourceFrom(trainer, checker.blobs);
    const partly: typeof source = {
      ...source,
      blob: async (id, ...rest) => (equalBytes(id, before) ? false : source.blob(id, ...rest)),
    };
    expect(summary(await checker.check(proof, assignment, ALL, partly))).toBe(`${LAST} unavailable`);
  });

  it('cannot be judged by who does not hold the update, nor by who took the model over a moment ago', async () => {
    const [trainer, checker] = [await open(), await open()];
    await atRoundTwo(trainer, checker);
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment);
    await expect(checker.check(proof, assignment, [0], sourceFrom(trainer, checker.blobs))).rejects.toMatchObject({
      code: 'LEARNING_UPDATE_MISSING',
    });
    const newcomer = await open();
    const [model] = await trainer.heldModels();
    const { modelRoot, startRoot } = await trainer.current();
    const files = { weights: model?.weights.path ?? '', momentum: model?.momentum.path ?? '' };
    await newcomer.importSnapshot(files, { openRound: 2, modelRoot, startRoot, sealed: [] });
    await copyBlobs(trainer.blobs, newcomer.blobs);
    await expect(newcomer.check(proof, assignment, [LAST], sourceFrom(trainer, newcomer.blobs))).rejects.toMatchObject({
      code: 'LEARNING_WRONG_ROUND',
    });
  });
});

describe('a forged feedback vector', () => {
  it('is fraud at the last segment, which is always checked', async () => {
    const node = await open();
    await atRoundTwo(node);
    const assignment = await assignmentOf(node, 1);
    const vector = new Float32Array(node.parameters).fill(0.01);
    const kept = { root: vectorRoot(vector), vector };
    const forged = await trainDishonestly(node, assignment, 4, { kept }, genesis);
    await forged.blobs.put(kept.root, littleEndianBytes(vector));
    await copyUpdate(forged, node, forged.proof);
    expect(summary(await node.check(forged.proof, assignment, ALL, sourceFrom(forged, node.blobs)))).toBe(`${LAST} fraud`);
    // Another trainer's is a forged one too.
    const other = { ...assignment, trainer: addressOf(2) };
    const borrowed = await feedbackOf(node, await trainRound(node, assignment));
    const bytes = (await node.blobs.get(borrowed.before)) as Uint8Array;
    const borrowedVector = new Float32Array(bytes.slice().buffer);
    const thief = await trainDishonestly(node, other, 4, { kept: { root: borrowed.before, vector: borrowedVector } }, genesis);
    await copyUpdate(thief, node, thief.proof);
    expect(summary(await node.check(thief.proof, other, [LAST], sourceFrom(thief, node.blobs)))).toBe(`${LAST} fraud`);
  });

  it('in the update alone is fraud wherever it is looked for: every state is bound to it', async () => {
    const node = await open();
    await atRoundTwo(node);
    const assignment = await assignmentOf(node, 1);
    const honest = await trainDishonestly(node, assignment, 4, {}, genesis);
    const vector = new Float32Array(node.parameters).fill(0.01);
    const other = await trainDishonestly(node, assignment, 4, { kept: { root: vectorRoot(vector), vector } }, genesis);
    const proof = { ...honest.proof, updateHash: other.proof.updateHash };
    await copyUpdate(other, node, proof);
    const source = sourceFrom(honest, node.blobs);
    expect(summary(await node.check(proof, assignment, [0], source))).toBe('0 fraud');
    // The state is not one of this proof's round: nobody can serve it with these bytes.
    expect(summary(await node.check(proof, assignment, [1], source))).toBe('1 unavailable');
  });
});
