import { describe, expect, it } from 'vitest';
import type { Backend } from '../numerics/backend.ts';
import { createReferenceBackend } from '../numerics/reference.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import type { ArithmeticFault } from './checker.ts';
import {
  addressOf,
  assignmentOf,
  createEngine,
  type Deviation,
  flipLowestBit,
  openNode,
  sourceFrom,
  summary,
  testGenesis,
  trainDishonestly,
  trainRound,
} from './test-network.ts';

const ACCEPT = 'held';
const fraud = (segment: number) => `${segment} fraud`;
const unavailable = (segment: number) => `${segment} unavailable`;
const ALL = [0, 1, 2, 3];

describe('honest proofs', () => {
  it('of two trainers are accepted by another node, whichever segments are drawn', async () => {
    const checker = await openNode();
    for (const name of [1, 2]) {
      const trainer = await openNode();
      const assignment = await assignmentOf(trainer, name);
      const proof = await trainRound(trainer, assignment);
      expect(proof).toMatchObject({ segments: 4, tokens: 4 * 2 * 2 * 4, round: 0 });
      for (const segments of [ALL, [3], [2, 0], [1, 3, 3]]) {
        expect(summary(await checker.check(proof, assignment, segments, sourceFrom(trainer, checker.blobs)))).toEqual(ACCEPT);
      }
    }
  });

  it('of fewer segments than the cap are accepted', async () => {
    const trainer = await openNode();
    const checker = await openNode();
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment, 1);
    expect(proof.segments).toBe(1);
    expect(summary(await checker.check(proof, assignment, [0], sourceFrom(trainer, checker.blobs)))).toEqual(ACCEPT);
  });

  it('are the same bits on every node, and different for every trainer', async () => {
    const [a, b] = [await openNode(), await openNode()];
    const one = await trainRound(a, await assignmentOf(a, 1));
    expect(await trainRound(b, await assignmentOf(b, 1))).toEqual(one);
    const c = await openNode();
    const other = await trainRound(c, await assignmentOf(c, 2));
    expect(other.updateHash).not.toEqual(one.updateHash);
    expect(other.leavesRoot).not.toEqual(one.leavesRoot);
  });

  it('are accepted without fetching a state when every segment is drawn', async () => {
    const trainer = await openNode();
    const checker = await openNode();
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment);
    const source = { ...sourceFrom(trainer, checker.blobs), blob: async () => false };
    expect(summary(await checker.check(proof, assignment, ALL, source))).toEqual(ACCEPT);
  });
});

describe('findings', () => {
  it('carry a digest of each step that all who ran the segment share, and nobody else', async () => {
    const [trainer, first, second] = [await openNode(), await openNode(), await openNode()];
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment);
    const whole = await first.check(proof, assignment, ALL, sourceFrom(trainer, first.blobs));
    const single = await second.check(proof, assignment, [2], sourceFrom(trainer, second.blobs));
    expect(single).toEqual([whole[2]]);
    const digests = whole.flatMap((finding) => (finding.result === 'held' ? finding.stepDigests.map(toHex) : []));
    expect(new Set(digests).size).toBe(4 * testGenesis.rounds.steps_per_segment);
  });

  it('say of each segment what was seen: a fraud or a missing state does not hide the others', async () => {
    const checker = await openNode();
    const assignment = await assignmentOf(checker, 1);
    const after: Deviation['after'] = (engine, segment) => {
      if (segment === 1) flipLowestBit(engine.weights, 100);
    };
    const forged = await trainDishonestly(checker, assignment, 4, { after });
    const source = sourceFrom(forged, checker.blobs);
    let missing: Uint8Array | undefined;
    const partly: typeof source = {
      async opening(proof, segment) {
        const opening = await source.opening(proof, segment);
        if (segment === 3) missing = opening?.startState;
        return opening;
      },
      blob: async (id, ...rest) => (missing !== undefined && equalBytes(id, missing) ? false : source.blob(id, ...rest)),
    };
    expect((await checker.check(forged.proof, assignment, [0, 1, 3], partly)).map(({ result }) => result)).toEqual([
      'held',
      'fraud',
      'unavailable',
    ]);
  });
});

describe('dishonest proofs', () => {
  async function judged(deviation: Deviation, draws: readonly (readonly number[])[]) {
    const checker = await openNode();
    const assignment = await assignmentOf(checker, 1);
    const forged = await trainDishonestly(checker, assignment, 4, deviation);
    const verdicts = [];
    for (const draw of draws)
      verdicts.push(summary(await checker.check(forged.proof, assignment, draw, sourceFrom(forged, checker.blobs))));
    return verdicts;
  }

  it('are what the test forges, and without deviation an accepted proof', async () => {
    const trainer = await openNode();
    const honest = await trainRound(trainer, await assignmentOf(trainer, 1));
    const forged = await trainDishonestly(trainer, await assignmentOf(trainer, 1), 4, {});
    expect({ ...forged.proof, loss: 0 }).toEqual({ ...honest, loss: 0 });
    expect(await judged({}, [ALL])).toEqual([ACCEPT]);
  });

  it.each([0, 1, 2])('with one bit flipped at the end of segment %i are fraud exactly when it is drawn', async (forged) => {
    const after: Deviation['after'] = (engine, segment) => {
      if (segment === forged) flipLowestBit(engine.weights, 100);
    };
    const others = ALL.filter((segment) => segment !== forged);
    expect(await judged({ after }, [[forged], ALL, others, [3]])).toEqual([fraud(forged), fraud(forged), ACCEPT, ACCEPT]);
  });

  it('with one bit flipped in a moment are fraud', async () => {
    const after: Deviation['after'] = (engine, segment) => {
      if (segment === 1) flipLowestBit(engine.secondMoment, 5);
    };
    expect(await judged({ after }, [[1], [2, 3]])).toEqual([fraud(1), ACCEPT]);
  });

  it('on other data, or in another order, are fraud', async () => {
    expect(await judged({ dataOf: (step) => step ^ 1 }, [[2]])).toEqual([fraud(2)]);
    expect(await judged({ dataOf: () => 0 }, [[0], [1]])).toEqual([fraud(0), fraud(1)]);
  });

  it('with a smaller learning rate are fraud', async () => {
    expect(await judged({ learningRate: (rate) => Math.fround(rate / 2) }, [[3]])).toEqual([fraud(3)]);
  });

  it('with crafted moments or weights at leaf 0 are fraud there', async () => {
    const moments: Deviation = { atStart: (engine) => engine.firstMoment.fill(1e-3) };
    const weights: Deviation = { atStart: (engine) => flipLowestBit(engine.weights, 0) };
    expect(await judged(moments, [[0], [0, 3]])).toEqual([fraud(0), fraud(0)]);
    expect(await judged(weights, [[0], ALL])).toEqual([fraud(0), fraud(0)]);
  });

  it('with an update that is not the last state’s are fraud at the last segment', async () => {
    const endOfUpdate: Deviation['endOfUpdate'] = (weights) => {
      const other = weights.slice();
      other[7] = (other[7] as number) + 0.5;
      return other;
    };
    expect(await judged({ endOfUpdate }, [[3], ALL, [0, 1, 2]])).toEqual([fraud(3), fraud(3), ACCEPT]);
  });

  it('with a state that diverges, or is not finite, are fraud', async () => {
    const infinite: Deviation = {
      after: (engine, segment) => {
        if (segment === 1) engine.firstMoment.fill(Number.POSITIVE_INFINITY, 0, 1);
        if (segment === 1) engine.weights.fill(2 ** 51, 0, 1);
      },
      dataOf: (step) => step,
    };
    const checker = await openNode();
    const assignment = await assignmentOf(checker, 1);
    // The forger cannot train on from there either: two segments are claimed, the second one's end is poisoned.
    const forged = await trainDishonestly(checker, assignment, 2, { ...infinite, endOfUpdate: () => new Float32Array(checker.parameters) });
    expect(summary(await checker.check(forged.proof, assignment, [1], sourceFrom(forged, checker.blobs)))).toEqual(fraud(1));
  });
});

describe('proofs that cannot be opened', () => {
  async function trained() {
    const trainer = await openNode();
    const checker = await openNode();
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment);
    return { trainer, checker, assignment, proof, source: sourceFrom(trainer, checker.blobs) };
  }

  it('copied to another trainer, round or chain open nothing', async () => {
    const { trainer, checker, proof, source } = await trained();
    const own = { ...source, opening: (_: unknown, segment: number) => trainer.opening(0, addressOf(1), segment) };
    const thief = await assignmentOf(checker, 2);
    expect(summary(await checker.check({ ...proof, trainer: addressOf(2) }, thief, [0], own))).toEqual(unavailable(0));
    const otherChain = await openNode({ genesis: { ...testGenesis, chain_id: 1 } });
    const sameRoot = await assignmentOf(otherChain, 1);
    expect(summary(await otherChain.check(proof, sameRoot, [0], own))).toEqual(unavailable(0));
    await checker.commitBoundary({ round: 0, accepted: [], sealed: [] });
    const replayed = await assignmentOf(checker, 1);
    expect(replayed.round).toBe(1);
    expect(summary(await checker.check({ ...proof, round: 1 }, replayed, [0], own))).toEqual(unavailable(0));
  });

  it('or are opened wrongly are unavailable, not fraud', async () => {
    const { checker, assignment, proof, source } = await trained();
    const verdict = async (opening: typeof source.opening) => summary(await checker.check(proof, assignment, [1], { ...source, opening }));
    expect(await verdict(async () => undefined)).toEqual(unavailable(1));
    expect(await verdict((p) => source.opening(p, 2))).toEqual(unavailable(1));
    expect(
      await verdict(async (p, s) => {
        const opening = await source.opening(p, s);
        return opening && { ...opening, endState: new Uint8Array(32) };
      }),
    ).toEqual(unavailable(1));
    expect(
      await verdict(async (p, s) => {
        const opening = await source.opening(p, s);
        return opening && { ...opening, startPath: [] };
      }),
    ).toEqual(unavailable(1));
    expect(await verdict(source.opening)).toEqual(ACCEPT);
  });

  it('or whose state nobody serves are unavailable', async () => {
    const { checker, assignment, proof, source } = await trained();
    expect(summary(await checker.check(proof, assignment, [2], { ...source, blob: async () => false }))).toEqual(unavailable(2));
    // Claims to have served it.
    expect(summary(await checker.check(proof, assignment, [2], { ...source, blob: async () => true }))).toEqual(unavailable(2));
    const blob = async (id: Uint8Array) => {
      await checker.blobs.put(id, new Uint8Array(9));
      return true;
    };
    expect(summary(await checker.check(proof, assignment, [2], { ...source, blob }))).toEqual(unavailable(2));
    // A damaged blob in the own store is fetched again.
    expect(summary(await checker.check(proof, assignment, [2], source))).toEqual(ACCEPT);
  });

  it('refuses challenges that make no sense', async () => {
    const { checker, assignment, proof, source } = await trained();
    const refused = (code: string) => expect.objectContaining({ code });
    await expect(checker.check(proof, assignment, [4], source)).rejects.toEqual(refused('LEARNING_INPUT_INVALID'));
    await expect(checker.check(proof, assignment, [], source)).rejects.toEqual(refused('LEARNING_INPUT_INVALID'));
    await expect(checker.check(proof, { ...assignment, round: 1 }, [0], source)).rejects.toEqual(refused('LEARNING_INPUT_INVALID'));
    await expect(checker.check(proof, { ...assignment, startRoot: new Uint8Array(32) }, [0], source)).rejects.toEqual(
      refused('LEARNING_WRONG_ROUND'),
    );
  });
});

describe('a machine with unsound arithmetic', () => {
  /** Computes like the reference, but for one bit in its third step. */
  function faulty(): Backend {
    return { ...createReferenceBackend(), name: 'native-faulty' };
  }

  async function faultyChecker(faults: ArithmeticFault[]) {
    return openNode({
      backend: faulty(),
      confirmingBackend: async () => createReferenceBackend(),
      blobs: createMemoryBlobStore(),
      createEngine(backend) {
        const engine = createEngine(backend);
        let steps = 0;
        return {
          ...engine,
          step(tokens, options) {
            const result = engine.step(tokens, options);
            steps++;
            if (backend.name === 'native-faulty' && steps === 3) flipLowestBit(engine.weights, 3);
            return result;
          },
        };
      },
      onFault: (fault) => faults.push(fault),
    });
  }

  it('accuses nobody: the mismatch is confirmed on a second backend first', async () => {
    const trainer = await openNode();
    const faults: ArithmeticFault[] = [];
    const checker = await faultyChecker(faults);
    const assignment = await assignmentOf(trainer, 1);
    const proof = await trainRound(trainer, assignment);
    expect(summary(await checker.check(proof, assignment, ALL, sourceFrom(trainer, checker.blobs)))).toEqual(ACCEPT);
    expect(faults).toEqual([{ round: 0, trainer: addressOf(1), segment: 1 }]);
  });

  it('still finds the fraud that is there', async () => {
    const faults: ArithmeticFault[] = [];
    const checker = await faultyChecker(faults);
    const assignment = await assignmentOf(checker, 1);
    const after: Deviation['after'] = (engine, segment) => {
      if (segment === 2) flipLowestBit(engine.weights, 9);
    };
    const forged = await trainDishonestly(checker, assignment, 4, { after });
    expect(summary(await checker.check(forged.proof, assignment, ALL, sourceFrom(forged, checker.blobs)))).toEqual(fraud(2));
    expect(faults).toHaveLength(1);
  });
});
