import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/dataset.ts';
import { recoverKeys } from '../../src/execution/crypto.ts';
import { assembleLearningService } from '../../src/learning/assemble.ts';
import { learningDirectory } from '../../src/learning/files.ts';
import { createTrainingEngine } from '../../src/model/training-engine.ts';
import type { TrainingEngine } from '../../src/model/types.ts';
import { startNode } from '../../src/node/node.ts';
import type { RunningNode } from '../../src/node/running-node.ts';
import type { LearningWorkerData } from '../../src/node/worker/learning-worker.ts';
import { selectBackend } from '../../src/numerics/backends.ts';
import { loadConfig } from '../../src/params/load-config.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { systemClock } from '../../src/primitives/clock.ts';
import { silentLogger } from '../../src/primitives/log.ts';
import { createFileBlobStore } from '../../src/store/blobs.ts';
import { createTestNetwork, runProgram, type TestNetwork, until } from './network.ts';

interface Verification {
  readonly proofs: readonly {
    readonly segments: readonly { readonly segment: number; readonly statements: readonly { readonly right: boolean | null }[] }[];
  }[];
}

interface Round {
  readonly round: number;
  readonly proofs: readonly { readonly trainer: string; readonly segments: number; readonly outcome: string; readonly reward: string }[];
  readonly disputes: readonly { readonly proof: number; readonly segment: number; readonly reason: string; readonly verdict: string }[];
  readonly slashes: readonly { readonly address: string; readonly reason: string; readonly wei: string }[];
}

const STEPS_BEFORE_THE_FLIP = 1;

/** An engine whose memory loses one bit once: after the given step of a round, in one weight. */
function withOneFlippedBit(engine: TrainingEngine, stepsPerSegment: number): TrainingEngine {
  return new Proxy(engine, {
    get(target, name: keyof TrainingEngine) {
      if (name !== 'step') return Reflect.get(target, name);
      return (...args: Parameters<TrainingEngine['step']>) => {
        const result = target.step(...args);
        if (args[1].adamStep === stepsPerSegment * STEPS_BEFORE_THE_FLIP) {
          const bits = new Uint32Array(target.weights.buffer, target.weights.byteOffset, target.weights.length);
          bits[17] = (bits[17] as number) ^ 1;
        }
        return result;
      };
    },
  });
}

/** The learning engine as a node has it, but in this thread, and on faulty memory when it trains. */
async function startFaultyLearning({ service, blobDirectory }: LearningWorkerData) {
  const { genesis, datasetCache } = service;
  const backend = await selectBackend({ wanted: 'auto', threads: 1 });
  const dataset = await loadDataset(
    {
      source: genesis.data.source,
      vocabSize: genesis.model.vocab_size,
      contextLength: genesis.model.context_length,
      heldOutTokens: genesis.data.held_out_tokens,
      expectedRoot: fromHex(genesis.data.root),
      cacheDirectory: datasetCache,
    },
    { baseDirectory: service.directory },
  );
  const remote = await assembleLearningService({
    genesis,
    directory: learningDirectory(service.directory),
    dataset,
    backend,
    confirmingBackend: undefined,
    createEngine: (on) =>
      withOneFlippedBit(
        createTrainingEngine({ model: genesis.model, learning: genesis.learning }, { backend: on }),
        genesis.rounds.steps_per_segment,
      ),
    blobs: createFileBlobStore(blobDirectory),
    clock: systemClock,
    log: silentLogger,
    onFault: () => {},
  });
  return { remote, terminate: async () => {} };
}

describe('a trainer with one flipped bit in the end state of one segment', () => {
  let network: TestNetwork;
  let faulty: RunningNode;

  beforeAll(async () => {
    network = await createTestNetwork({
      authorities: 3,
      nodes: 2,
      // Four of at most eight segments are checked: the first one is among them in three rounds of seven.
      rounds: { max_segments: 8, checks_per_authority: 4 },
      // Each round counts its own steps, so that the bit flips in each: with carried moments it did in the first alone.
      learning: { carry_moments: false },
      // Long enough for the verdict to be judged again on a busy machine.
      config: { keep_rounds: 40 },
    });
    const honest = network.nodes.filter(({ name }) => name !== 'node_4');
    await Promise.all(honest.map((node) => node.start()));
    const path = join(network.directory, 'node_4_config.json');
    const config = loadConfig({ file: { path, text: await readFile(path, 'utf8') }, workingDirectory: network.directory });
    faulty = await startNode(
      { config, log: silentLogger },
      {
        startLearning: startFaultyLearning,
        startRecovery: async () => ({ remote: { recover: async (recoveries) => recoverKeys(recoveries) }, terminate: async () => {} }),
      },
    );
  }, 120_000);
  afterAll(async () => {
    await faulty?.stop();
    await network?.dispose();
  });

  it('has its proof rejected when that segment is drawn, earns nothing for it, and the network goes on', async () => {
    const observer = network.node('authority_1');
    const { address: honest } = await network.node('node_3').get<{ address: string }>('/api/v1/status');
    let convicted: Round | undefined;
    let round = 0;
    await until('a round in which the flipped segment was drawn', async () => {
      const { settled_round } = await observer.get<{ settled_round: number }>('/api/v1/network/info');
      for (; round <= settled_round && convicted === undefined; round++) {
        const settled = await observer.get<Round>(`/api/v1/rounds/${round}`);
        if (settled.proofs.some(({ outcome }) => outcome === 'rejected')) convicted = settled;
      }
      return convicted !== undefined;
    });
    const settled = convicted as Round;
    const index = settled.proofs.findIndex(({ outcome }) => outcome === 'rejected');
    expect(settled.proofs[index]).toMatchObject({ reward: '0' });
    expect(settled.proofs[index]?.trainer).not.toBe(honest);
    // The segment whose end state has the flipped bit, the first, was disputed; all authorities ran it, and a quorum found it so.
    const segment = STEPS_BEFORE_THE_FLIP - 1;
    expect(settled.disputes).toContainEqual(expect.objectContaining({ proof: index, segment, reason: 'fraud', verdict: 'fraud' }));
    const [slash, ...others] = settled.slashes;
    expect(others).toEqual([]);
    expect(slash).toMatchObject({ address: settled.proofs[index]?.trainer, reason: 'fraud' });
    expect(BigInt(slash?.wei ?? 0)).toBeGreaterThan(0n);

    // Anybody sees it, by what the authorities kept of what they checked.
    const flags = ['--url', observer.url, '--dataset-cache', join(network.directory, 'datasets'), '--threads', '1', '--json'];
    const output = await runProgram(['verify', '--round', `${settled.round}`, '--proof', `${index}`, ...flags]);
    const { proofs } = JSON.parse(output.slice(output.indexOf('{'))) as Verification;
    expect(proofs).toMatchObject([{ proof: index, decision: 'fraud', right: true }]);
    const here = proofs[0]?.segments.find((each) => each.segment === segment);
    expect(here).toMatchObject({ here: 'fraud', fault: 'state', dispute: { verdict: 'fraud' } });
    expect(here?.statements.every(({ right }) => right !== false)).toBe(true);

    await until('the honest trainer to be paid in a later round', async () => {
      const { settled_round } = await observer.get<{ settled_round: number }>('/api/v1/network/info');
      for (let later = round; later <= settled_round; later++) {
        const { proofs } = await observer.get<Round>(`/api/v1/rounds/${later}`);
        if (proofs.some((proof) => proof.trainer === honest && proof.outcome === 'accepted' && BigInt(proof.reward) > 0n)) return true;
      }
      return false;
    });
  }, 600_000);
});
