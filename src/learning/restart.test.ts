import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileBlobStore } from '../store/blobs.ts';
import {
  addressOf,
  assignmentOf,
  copyBlobs,
  openNode,
  readModel,
  sealedList,
  sourceFrom,
  summary,
  temporaryDirectory,
  testGenesis,
  trainRound,
  writeModel,
} from './test-network.ts';
import type { BoundaryInput } from './types.ts';

const vectorsIn = (directory: string) => join(directory, 'models', 'vectors');

async function spoil(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[10] = (bytes[10] as number) ^ 1;
  await writeFile(path, bytes);
}

/** A node at round 2, its directory as it was before the last commit, and that commit's input. */
async function afterTwoRounds() {
  const node = await openNode();
  const proof0 = await trainRound(node, await assignmentOf(node, 1));
  const sealed0 = sealedList(proof0);
  await node.commitBoundary({ round: 0, accepted: [], sealed: sealed0 });
  const atRound1 = await node.current();
  const proof1 = await trainRound(node, await assignmentOf(node, 1));
  const input: BoundaryInput = { round: 1, accepted: sealed0, sealed: sealedList(proof1) };
  const before = await temporaryDirectory();
  await cp(node.directory, before, { recursive: true });
  await node.commitBoundary(input);
  const atRound2 = await node.current();
  await node.close();
  return { node, before, input, atRound1, atRound2 };
}

describe('a restarted node', () => {
  it('opens at the last committed boundary and goes on like one that never stopped', async () => {
    const { node, atRound2, input } = await afterTwoRounds();
    const again = await openNode({ directory: node.directory, blobs: node.blobs });
    expect(await again.current()).toEqual(atRound2);
    await again.commitBoundary(input);
    expect(await again.current()).toEqual(atRound2);
    const proof = await trainRound(again, await assignmentOf(again, 1));
    expect(proof.round).toBe(2);
  });

  it('killed between the new vectors and the manifest opens one boundary back, and can repeat it', async () => {
    const { node, before, input, atRound1, atRound2 } = await afterTwoRounds();
    await cp(vectorsIn(node.directory), vectorsIn(before), { recursive: true });
    await writeFile(join(vectorsIn(before), 'half.f32.tmp'), new Uint8Array(7));
    await writeFile(join(before, 'models', 'manifest.json.tmp'), '{"format":');
    const again = await openNode({ directory: before, blobs: node.blobs });
    expect(await again.current()).toEqual(atRound1);
    expect(await readdir(vectorsIn(before))).not.toContain('half.f32.tmp');
    await again.boundary(input);
    await again.commitBoundary(input);
    expect(await again.current()).toEqual(atRound2);
  });

  it('killed between the manifest and the deletions opens at the new boundary and deletes the rest', async () => {
    const { node, before, atRound2 } = await afterTwoRounds();
    const clean = await readdir(vectorsIn(node.directory));
    await cp(vectorsIn(before), vectorsIn(node.directory), { recursive: true });
    const again = await openNode({ directory: node.directory, blobs: node.blobs });
    expect(await again.current()).toEqual(atRound2);
    expect((await readdir(vectorsIn(node.directory))).sort()).toEqual(clean.sort());
  });

  it('falls back to the boundary before when the newest model is damaged, and repeats it', async () => {
    const { node, before, input, atRound1, atRound2 } = await afterTwoRounds();
    const old = new Set(await readdir(vectorsIn(before)));
    const added = (await readdir(vectorsIn(node.directory))).filter((name) => !old.has(name));
    expect(added.length).toBeGreaterThan(0);
    await spoil(join(vectorsIn(node.directory), added[0] as string));
    const again = await openNode({ directory: node.directory, blobs: node.blobs });
    expect(await again.current()).toEqual(atRound1);
    await again.commitBoundary(input);
    expect(await again.current()).toEqual(atRound2);
  });

  it('starts from the genesis when nothing on disk is whole, and takes a snapshot', async () => {
    const { node, atRound2, input } = await afterTwoRounds();
    const source = await openNode({ directory: node.directory, blobs: node.blobs });
    const { bytes } = await readModel(source);
    await source.close();
    for (const name of await readdir(vectorsIn(node.directory))) await rm(join(vectorsIn(node.directory), name));
    const again = await openNode({ directory: node.directory, blobs: node.blobs });
    expect((await again.current()).round).toBe(0);
    await again.importSnapshot(await writeModel(bytes), {
      openRound: 2,
      modelRoot: atRound2.modelRoot,
      startRoot: atRound2.startRoot,
      sealed: input.sealed,
    });
    expect(await again.current()).toEqual(atRound2);
  });

  it.each(['{', '[]', '{"format":"pol-models-1"}', ''])('takes manifest %j for none', async (text) => {
    const node = await openNode();
    await node.commitBoundary({ round: 0, accepted: [], sealed: [] });
    await node.close();
    await writeFile(join(node.directory, 'models', 'manifest.json'), text);
    const again = await openNode({ directory: node.directory });
    expect((await again.current()).round).toBe(0);
  });

  it('does not take another network’s models', async () => {
    const node = await openNode();
    await node.commitBoundary({ round: 0, accepted: [], sealed: [] });
    await node.close();
    const other = await openNode({ directory: node.directory, genesis: { ...testGenesis, name: 'other' } });
    expect((await other.current()).round).toBe(0);
  });
});

describe('a restarted trainer', () => {
  it('continues its round and proves what an undisturbed one proves', async () => {
    const undisturbed = await openNode();
    const expected = await trainRound(undisturbed, await assignmentOf(undisturbed, 1));

    const blobs = createFileBlobStore(await temporaryDirectory());
    const first = await openNode({ blobs });
    const assignment = await assignmentOf(first, 1);
    let closing: Promise<void> | undefined;
    await first.train(assignment, ({ steps }) => {
      if (steps === 5) closing = first.close();
    });
    await closing;

    const second = await openNode({ blobs, directory: first.directory });
    const steps: number[] = [];
    await second.train(assignment, (progress) => steps.push(progress.steps));
    expect(steps).toEqual([5, 6, 7, 8]);
    expect({ type: 'proof', ...(await second.finishTraining()) }).toEqual(expected);
  });

  it('opens its proof, does not change it, and gives it again', async () => {
    const first = await openNode();
    const assignment = await assignmentOf(first, 1);
    const proof = await trainRound(first, assignment, 2);
    await first.close();
    const second = await openNode({ directory: first.directory, blobs: first.blobs });
    const checker = await openNode();
    expect(summary(await checker.check(proof, assignment, [0, 1], sourceFrom(second, checker.blobs)))).toEqual('held');
    await second.train(assignment, () => {});
    expect({ type: 'proof', ...(await second.finishTraining()) }).toEqual(proof);
    expect(await second.opening(0, addressOf(1), 2)).toBeUndefined();
    expect(await second.opening(0, addressOf(2), 0)).toBeUndefined();
    expect(await second.opening(5, addressOf(1), 0)).toBeUndefined();
  });

  it('starts its round anew when states are gone, or the beacon is another', async () => {
    const first = await openNode();
    const assignment = await assignmentOf(first, 1);
    let closing: Promise<void> | undefined;
    await first.train(assignment, ({ steps }) => {
      if (steps === 5) closing = first.close();
    });
    await closing;
    const stepsOf = async (change: Partial<typeof assignment>) => {
      const directory = await temporaryDirectory();
      await cp(first.directory, directory, { recursive: true });
      const node = await openNode({ directory, blobs: Object.keys(change).length === 0 ? (await openNode()).blobs : first.blobs });
      let steps = 0;
      await node.train({ ...assignment, ...change }, () => steps++);
      return steps;
    };
    expect(await stepsOf({})).toBe(8);
    expect(await stepsOf({ beacon: new Uint8Array(32) })).toBe(8);
  });
});

describe('old blobs', () => {
  it('are deleted two rounds later, also by a node that was restarted in between', async () => {
    const node = await openNode();
    const other = await openNode();
    let current = node;
    let accepted: BoundaryInput['accepted'] = [];
    const counts: number[] = [];
    for (let round = 0; round < 6; round++) {
      const own = await trainRound(current, await assignmentOf(current, 1), 2);
      const theirs = await trainRound(other, await assignmentOf(other, 2), 2);
      // The other's update, and a state fetched to check it.
      await current.blobs.put(theirs.updateHash, (await other.blobs.get(theirs.updateHash)) as Uint8Array);
      await current.check(theirs, await assignmentOf(current, 2), [1], sourceFrom(other, current.blobs));
      await copyBlobs(node.blobs, other.blobs);
      const input = { round, accepted, sealed: sealedList(own, theirs) };
      await current.commitBoundary(input);
      await other.commitBoundary(input);
      accepted = input.sealed;
      counts.push((await current.blobs.list()).length);
      await current.close();
      current = await openNode({ directory: node.directory, blobs: node.blobs });
    }
    // A round leaves two own states, two updates, one fetched state and the opening that named it; two rounds are kept.
    expect(counts).toEqual([6, 12, 12, 12, 12, 12]);
    expect((await readdir(join(node.directory, 'rounds'))).length).toBe(2);
    expect((await readdir(join(node.directory, 'blob-index'))).length).toBe(2);
  });
});
