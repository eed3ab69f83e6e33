import { describe, expect, it } from 'vitest';
import { sha256 } from '../primitives/hash.ts';
import { vectorFromBytes } from './chunks.ts';
import { assignmentOf, copyBlobs, openNode, readModel, trainRound } from './test-network.ts';
import { encodeUpdate, quantiseUpdate } from './update.ts';

const seed = sha256(Uint8Array.of(9));

describe('measureUpdates', () => {
  it('gives the same bits on every node, and tells updates apart', async () => {
    const [a, b] = [await openNode(), await openNode()];
    const assignment = await assignmentOf(a, 1);
    const { updateHash, round } = await trainRound(a, assignment);
    const { startRoot } = assignment;
    const { bytes } = await readModel(a);
    const start = vectorFromBytes(bytes.slice(0, a.parameters * 4));
    // The opposite of what was learned, many times.
    const opposite = encodeUpdate(
      quantiseUpdate(
        start,
        start.map((w) => Math.fround(w + Math.sin(w * 1e4))),
      ),
    );
    await a.blobs.put(sha256(opposite), opposite);
    const none = encodeUpdate(quantiseUpdate(start, start));
    await a.blobs.put(sha256(none), none);
    await copyBlobs(a.blobs, b.blobs);
    const request = { round, startRoot, seed, updates: [updateHash, sha256(opposite), sha256(none)] };
    const measured = await a.measureUpdates(request);
    expect(await b.measureUpdates(request)).toEqual(measured);
    const [honest, harmful, zero] = measured.losses as [number, number, number];
    expect(zero).toBe(measured.baseline);
    expect(honest).not.toBe(measured.baseline);
    expect(harmful).toBeGreaterThan(measured.baseline);
    expect(await a.measureUpdates({ ...request, seed: sha256(Uint8Array.of(10)) })).not.toEqual(measured);
  });

  it('names an update that is not there, and a round it does not hold', async () => {
    const node = await openNode();
    const { startRoot } = await assignmentOf(node, 1);
    const refused = (code: string) => expect.objectContaining({ code });
    await expect(node.measureUpdates({ round: 0, startRoot, seed, updates: [seed] })).rejects.toEqual(refused('LEARNING_UPDATE_MISSING'));
    await expect(node.measureUpdates({ round: 3, startRoot, seed, updates: [] })).rejects.toEqual(refused('LEARNING_WRONG_ROUND'));
  });
});
