import { describe, expect, it } from 'vitest';
import type { ProofOperation } from '../codec/types.ts';
import { parameterLayout } from '../model/layout.ts';
import type { Genesis } from '../params/genesis.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { littleEndianBytes, vectorFromBytes, vectorRoot } from './chunks.ts';
import {
  addressOf,
  assignmentOf,
  type Deviation,
  openNode,
  sealedList,
  sourceFrom,
  summary,
  testGenesis,
  trainDishonestly,
  trainRound,
} from './test-network.ts';
import { type CarriedVector, createUpdateFormat } from './update-format.ts';
import { loadStart } from './workload.ts';

const withLearning = (learning: Partial<Genesis['learning']>): Genesis => ({
  ...testGenesis,
  learning: { ...testGenesis.learning, ...learning },
});
const sparse_updates = { one_of: 16, feedback_decay: 0.9 };
const LAST = 3;
const ALL = [0, 1, 2, LAST];

const networks = [
  { name: 'sparse updates', genesis: withLearning({ sparse_updates }) },
  { name: 'moments that are carried', genesis: withLearning({ carry_moments: true }) },
  { name: 'both', genesis: withLearning({ sparse_updates, carry_moments: true }) },
];

type Node = Awaited<ReturnType<typeof openNode>>;
/** Trainer 1 proves round 0, which is sealed. */
async function atRoundOne(...nodes: readonly [Node, ...Node[]]) {
  const [trainer] = nodes;
  const proof = await trainRound(trainer, await assignmentOf(trainer, 1));
  for (const node of nodes) {
    await copyUpdate(trainer, node, proof);
    await node.commitBoundary({ round: 0, accepted: [], sealed: sealedList(proof) });
  }
  return proof;
}

/** Round 1 is sealed, and these proofs of round 0 are accepted. */
async function sealRoundOne(nodes: readonly Node[], ...accepted: readonly ProofOperation[]) {
  for (const node of nodes) await node.commitBoundary({ round: 1, accepted: sealedList(...accepted), sealed: [] });
}

async function copyUpdate(from: Pick<Node, 'blobs'>, to: Node, proof: ProofOperation): Promise<void> {
  await to.blobs.put(proof.updateHash, (await from.blobs.get(proof.updateHash)) as Uint8Array);
}

describe.each(networks)('with $name', ({ genesis }) => {
  const open = () => openNode({ genesis });
  const zeros = createUpdateFormat(genesis.learning, parameterLayout(genesis.model).count).nothingCarried;

  /** Round 0 is sealed, and trainer 1 has proven round 1: a checker has all but what the round began with. */
  async function provenRoundOne() {
    const [trainer, checker] = [await open(), await open()];
    const first = await atRoundOne(trainer, checker);
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment);
    await copyUpdate(trainer, checker, proof);
    return { trainer, checker, first, assignment, proof };
  }

  /** Roots of what the round began with and of what it left, by its update. */
  async function carriedOf(node: Node, proof: ProofOperation) {
    const bytes = (await node.blobs.get(proof.updateHash)) as Uint8Array;
    const { carried } = createUpdateFormat(genesis.learning, node.parameters).decode(bytes);
    if (carried === undefined) throw new Error('these networks carry something');
    return carried;
  }

  async function vectorOf(node: Node, root: Hash): Promise<CarriedVector> {
    return { root, vector: vectorFromBytes(((await node.blobs.get(root)) as Uint8Array).slice()) };
  }

  /** A vector that nobody left. */
  function madeUp(node: Node) {
    const vector = new Float32Array(createUpdateFormat(genesis.learning, node.parameters).carriedValues).fill(0.01);
    return { root: vectorRoot(vector), vector };
  }

  describe('rounds', () => {
    it('begin with what the update of the round before left, and any node can check it', async () => {
      const { trainer, checker, first, assignment, proof } = await provenRoundOne();
      const [before, now] = [await carriedOf(trainer, first), await carriedOf(trainer, proof)];
      expect(now.before).toEqual(before.after);
      expect(now.after).not.toEqual(before.after);
      await sealRoundOne([trainer, checker], first);
      for (const segments of [[0], [1], [LAST], ALL]) {
        const fresh = sourceFrom(trainer, checker.blobs);
        expect(summary(await checker.check(proof, assignment, segments, fresh))).toBe('held');
      }
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

    it('that went on from an update which was not accepted are not accepted either, and the next begins with zeros', async () => {
      const node = await open();
      await atRoundOne(node);
      const assignment = await assignmentOf(node, 1);
      const proof = await trainRound(node, assignment);
      await node.commitBoundary({ round: 1, accepted: [], sealed: sealedList(proof) });
      const source = sourceFrom(node, node.blobs);
      expect(summary(await node.check(proof, assignment, ALL, source))).toBe(`0 unavailable, ${LAST} unavailable`);
      const next = await assignmentOf(node, 1);
      const anew = await trainRound(node, next);
      expect((await carriedOf(node, anew)).before).toEqual(zeros);
      await node.commitBoundary({ round: 2, accepted: [], sealed: sealedList(anew) });
      expect(summary(await node.check(anew, next, ALL, source))).toBe('held');
    });

    it('begin with zeros after a missed round, and when the vector was lost', async () => {
      const missed = await open();
      await sealRoundOne([missed], await atRoundOne(missed));
      const lost = await open();
      const proof = await atRoundOne(lost);
      await lost.blobs.delete((await carriedOf(lost, proof)).after);
      for (const node of [missed, lost]) {
        const assignment = await assignmentOf(node, 1);
        const next = await trainRound(node, assignment);
        expect((await carriedOf(node, next)).before).toEqual(zeros);
        expect(summary(await node.check(next, assignment, ALL, sourceFrom(node, node.blobs)))).toBe('held');
      }
    });

    it('are unavailable where nobody serves what they began with, and only where it is needed', async () => {
      const { trainer, checker, first, assignment, proof } = await provenRoundOne();
      await sealRoundOne([trainer, checker], first);
      const { before } = await carriedOf(trainer, proof);
      const source = sourceFrom(trainer, checker.blobs);
      const partly: typeof source = {
        ...source,
        blob: async (id, ...rest) => (equalBytes(id, before) ? false : source.blob(id, ...rest)),
      };
      expect(summary(await checker.check(proof, assignment, ALL, partly))).toBe(`0 unavailable, ${LAST} unavailable`);
    });

    it('cannot be judged without the update, nor while they are open', async () => {
      const [trainer, checker] = [await open(), await open()];
      await atRoundOne(trainer, checker);
      const assignment = await assignmentOf(trainer, 1);
      const proof = await trainRound(trainer, assignment);
      const source = sourceFrom(trainer, checker.blobs);
      await expect(checker.check(proof, assignment, [0], source)).rejects.toMatchObject({ code: 'LEARNING_UPDATE_MISSING' });
      await copyUpdate(trainer, checker, proof);
      await expect(checker.check(proof, assignment, [LAST], source)).rejects.toMatchObject({ code: 'LEARNING_WRONG_ROUND' });
    });
  });

  describe('a vector', () => {
    it('that nobody left, or another trainer, is never begun with', async () => {
      const node = await open();
      const first = await atRoundOne(node);
      const assignment = await assignmentOf(node, 1);
      const left = await vectorOf(node, (await carriedOf(node, first)).after);
      const carried = madeUp(node);
      const forged = await trainDishonestly(node, assignment, 4, { carried }, genesis);
      await forged.blobs.put(carried.root, littleEndianBytes(carried.vector));
      const other = { ...assignment, trainer: addressOf(2) };
      const thief = await trainDishonestly(node, other, 4, { carried: left }, genesis);
      await sealRoundOne([node], first);
      const refused = `0 unavailable, ${LAST} unavailable`;
      for (const [theirs, place] of [[forged, assignment] as const, [thief, other] as const]) {
        await copyUpdate(theirs, node, theirs.proof);
        expect(summary(await node.check(theirs.proof, place, ALL, sourceFrom(theirs, node.blobs)))).toBe(refused);
      }
    });

    it('named in the update alone is found out wherever it is looked for: every state is bound to it', async () => {
      const node = await open();
      const first = await atRoundOne(node);
      const assignment = await assignmentOf(node, 1);
      const honest = await trainDishonestly(node, assignment, 4, {}, genesis);
      const carried = await vectorOf(node, (await carriedOf(node, first)).after);
      const other = await trainDishonestly(node, assignment, 4, { carried }, genesis);
      const proof = { ...honest.proof, updateHash: other.proof.updateHash };
      await copyUpdate(other, node, proof);
      await sealRoundOne([node], first);
      const source = sourceFrom(honest, node.blobs);
      expect(summary(await node.check(proof, assignment, [0], source))).toBe('0 fraud');
      // The state is not one of this proof's round: nobody can serve it with these bytes.
      expect(summary(await node.check(proof, assignment, [1], source))).toBe('1 unavailable');
    });

    it('named but not begun with is fraud at the first segment', async () => {
      const node = await open();
      const first = await atRoundOne(node);
      const assignment = await assignmentOf(node, 1);
      const carried = await vectorOf(node, (await carriedOf(node, first)).after);
      const honest = await trainDishonestly(node, assignment, 4, { carried }, genesis);
      const atStart: Deviation['atStart'] = (engine, weights) => loadStart(engine, { weights, moments: undefined });
      const cleared = await trainDishonestly(node, assignment, 4, { carried, atStart }, genesis);
      await sealRoundOne([node], first);
      for (const [theirs, found] of [[honest, 'held'] as const, [cleared, '0 fraud'] as const]) {
        await copyUpdate(theirs, node, theirs.proof);
        expect(summary(await node.check(theirs.proof, assignment, ALL, sourceFrom(theirs, node.blobs)))).toBe(found);
      }
    });
  });
});
