import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ProofOperation } from '../codec/types.ts';
import type { Dataset } from '../data/types.ts';
import { createTrainingEngine } from '../model/training-engine.ts';
import type { TrainingEngine } from '../model/types.ts';
import { createReferenceBackend } from '../numerics/reference.ts';
import { ARITHMETIC, type Genesis } from '../params/genesis.ts';
import { compareBytes, concatBytes } from '../primitives/bytes.ts';
import { systemClock } from '../primitives/clock.ts';
import { sha256 } from '../primitives/hash.ts';
import { silentLogger } from '../primitives/log.ts';
import type { BlobStore } from '../store/kv.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import { assembleLearningService, type LearningParts } from './assemble.ts';
import { vectorFromBytes } from './chunks.ts';
import { leavesRoot, openSegment } from './leaves.ts';
import { type Openings, openOpenings } from './openings.ts';
import { encodeState, stateRoot } from './state.ts';
import type { Assignment, LearningService, ModelFiles, ProofSource, SegmentFinding, TrainedRound, UpdateReference } from './types.ts';
import type { CarriedVector } from './update-format.ts';
import { createWorkload, loadStart, stateAfter } from './workload.ts';

/** A network small enough for the reference backend: what tests of this folder share. */

const zeroHash = `0x${'00'.repeat(32)}`;

export const testGenesis: Genesis = {
  format: 'pol-genesis-1',
  arithmetic: ARITHMETIC,
  name: 'learning-test',
  chain_id: 31337,
  timestamp: 0,
  authorities: [{ address: `0x${'11'.repeat(20)}`, onion_tip: zeroHash, secret_onion_tip: zeroHash }],
  alloc: {},
  gas_limit: 30_000_000,
  base_fee_per_gas: '1',
  block_interval_ms: 1000,
  model: {
    vocab_size: 32,
    dim: 16,
    layers: 1,
    heads: 4,
    kv_heads: 2,
    hidden_dim: 16,
    context_length: 4,
    tied_embeddings: true,
    rope_theta: 10_000,
    norm_eps: 1e-5,
  },
  tokenizer: { kind: 'gpt2' },
  data: { source: 'file:none', root: zeroHash, tokens: 4096, held_out_tokens: 256 },
  learning: {
    batch_size: 2,
    learning_rate: 0.01,
    warmup_steps: 0,
    total_steps: 1000,
    decay_fraction: 0.1,
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weight_decay: 0.1,
    clip_norm: 1,
    outer_learning_rate: 0.7,
    outer_momentum: 0.9,
    init_seed: `0x${'07'.repeat(32)}`,
  },
  rounds: {
    blocks_per_round: 8,
    submit_blocks: 2,
    reveal_blocks: 2,
    steps_per_segment: 2,
    max_segments: 4,
    vote_blocks: 1,
    dispute_blocks: 2,
    probation_segments: 4,
    checks_per_authority: 2,
    max_trainers: 8,
  },
  rewards: {
    emission_per_round: '1000000000',
    halving_rounds: 100,
    trainer_percent: 70,
    authority_percent: 25,
    bounty_percent: 5,
    max_reward_per_token: '1000000000',
    emission_floor_percent: 100,
    improvement_target_ppm: 1000,
    gate_tolerance_ppm: 50_000,
  },
  stakes: {},
  staking: { unbonding_rounds: 2, minimum_deposit: '1000000000' },
};

const testDataset: Dataset = (() => {
  const { vocab_size, context_length } = testGenesis.model;
  const row = (index: number, salt: number, out: Int32Array, offset: number) => {
    for (let i = 0; i <= context_length; i++) out[offset + i] = (index * 7 + i * (3 + (index % 5)) + salt) % vocab_size;
  };
  return {
    root: new Uint8Array(32),
    tokenCount: testGenesis.data.tokens,
    trainingSequences: 480,
    heldOutSequences: 31,
    readTraining: (index, out, offset) => row(index, 0, out, offset),
    readHeldOut: (index, out, offset) => row(index, 11, out, offset),
  };
})();

export const addressOf = (name: number): Uint8Array => new Uint8Array(20).fill(name);
const beaconOf = (round: number): Uint8Array => sha256(Uint8Array.of(round));

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pol-learning-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export const createEngine: LearningParts['createEngine'] = (backend) =>
  createTrainingEngine({ model: testGenesis.model, learning: testGenesis.learning }, { backend });

/** A service, with its own blobs and directory unless given; closed when the test ends. */
export async function openNode(
  parts: Partial<LearningParts> = {},
): Promise<LearningService & Openings & { readonly blobs: BlobStore; readonly directory: string }> {
  const directory = parts.directory ?? (await temporaryDirectory());
  const blobs = parts.blobs ?? createMemoryBlobStore();
  const service = await assembleLearningService({
    genesis: testGenesis,
    dataset: testDataset,
    backend: createReferenceBackend(),
    confirmingBackend: undefined,
    createEngine,
    clock: systemClock,
    log: silentLogger,
    onFault: () => {},
    ...parts,
    directory,
    blobs,
  });
  onTestFinished(() => service.close());
  const openings = await openOpenings({ genesis: parts.genesis ?? testGenesis, directory }, { blobs });
  return { ...service, ...openings, blobs, directory };
}

/** A trainer's place in the open round of a service. */
export async function assignmentOf(service: LearningService, trainer: number, roster: readonly number[] = [1, 2, 3]): Promise<Assignment> {
  const { round, startRoot } = await service.current();
  return { round, trainer: addressOf(trainer), beacon: beaconOf(round), roster: roster.map(addressOf), startRoot };
}

/** Trains until `segments` are done, and gives the proof. */
export async function trainRound(service: LearningService, assignment: Assignment, segments: number = 4): Promise<ProofOperation> {
  let finished: Promise<TrainedRound | undefined> | undefined;
  await service.train(assignment, (progress) => {
    if (progress.steps > (segments - 1) * testGenesis.rounds.steps_per_segment) finished ??= service.finishTraining();
  });
  const trained = await (finished ?? service.finishTraining());
  if (trained === undefined) throw new Error('no segment was trained');
  return { type: 'proof', ...trained };
}

/** Serves a trainer's openings and states to a checker whose blob store is `into`. */
export function sourceFrom(trainer: Openings & { readonly blobs: BlobStore }, into: BlobStore): ProofSource {
  return {
    opening: (proof, segment) => trainer.opening(proof.round, proof.trainer, segment),
    async blob(id, _, maxBytes, verify) {
      const bytes = await trainer.blobs.get(id);
      if (bytes === undefined || bytes.length > maxBytes || !(await verify(bytes))) return false;
      await into.put(id, bytes);
      return true;
    },
  };
}

/** 'held' when all segments held; else those that did not, with what was found. */
export function summary(findings: readonly SegmentFinding[]): string {
  const others = findings.filter(({ result }) => result !== 'held');
  return others.length === 0 ? 'held' : others.map(({ segment, result }) => `${segment} ${result}`).join(', ');
}

export const referenceTo = (proof: ProofOperation): UpdateReference => ({
  trainer: proof.trainer,
  updateHash: proof.updateHash,
  tokens: proof.tokens,
});

export function sealedList(...proofs: readonly ProofOperation[]): readonly UpdateReference[] {
  return [...proofs].sort((a, b) => compareBytes(a.trainer, b.trainer)).map(referenceTo);
}

export async function copyBlobs(from: BlobStore, to: BlobStore): Promise<void> {
  for (const id of await from.list()) {
    const bytes = await from.get(id);
    if (bytes !== undefined) await to.put(id, bytes);
  }
}

/** The newest settled model: weights, then momentum. */
export async function readModel(service: Pick<LearningService, 'heldModels'>) {
  const [model] = await service.heldModels();
  if (model === undefined) throw new Error('a service always holds a model');
  const bytes = concatBytes(await readFile(model.weights.path), await readFile(model.momentum.path));
  return { modelRoot: model.modelRoot, bytes };
}

/** Such bytes as the files of a snapshot. */
export async function writeModel(bytes: Uint8Array): Promise<ModelFiles> {
  const directory = await temporaryDirectory();
  const files = { weights: join(directory, 'weights'), momentum: join(directory, 'momentum') };
  await writeFile(files.weights, bytes.subarray(0, bytes.length / 2));
  await writeFile(files.momentum, bytes.subarray(bytes.length / 2));
  return files;
}

/** What a dishonest trainer may do. */
export interface Deviation {
  /** Before the first segment. */
  readonly atStart?: (engine: TrainingEngine, start: Float32Array) => void;
  /** After segment `segment`, before its state is committed. */
  readonly after?: (engine: TrainingEngine, segment: number) => void;
  /** Which step's batch is trained on in step `step`. */
  readonly dataOf?: (step: number) => number;
  readonly learningRate?: (honest: number, step: number) => number;
  readonly endOfUpdate?: (weights: Float32Array) => Float32Array;
  /** What the round begins with of the trainer's own; zeros when left out. */
  readonly carried?: CarriedVector;
}

/** Trains a round without the service, as a program that was changed would: everything is consistent but for the deviation. */
export async function trainDishonestly(
  service: LearningService,
  assignment: Assignment,
  segments: number,
  deviation: Deviation,
  genesis: Genesis = testGenesis,
): Promise<{ readonly proof: ProofOperation; readonly opening: Openings['opening']; readonly blobs: BlobStore }> {
  const workload = createWorkload(genesis, { dataset: testDataset });
  const carried = workload.updates.nothingCarried && (deviation.carried?.root ?? workload.updates.nothingCarried);
  const blobs = createMemoryBlobStore();
  const engine = createEngine(createReferenceBackend());
  const [newest] = await service.heldStarts();
  if (newest === undefined) throw new Error('a service always holds the start of the open round');
  const start = vectorFromBytes(new Uint8Array(await readFile(newest.weights.path)));
  loadStart(engine, workload.updates.begin(start, deviation.carried));
  deviation.atStart?.(engine, start);
  const roots = [stateRoot(stateAfter(engine, workload, 0), undefined, carried)];
  await blobs.put(roots[0] as Uint8Array, encodeState(stateAfter(engine, workload, 0)));
  for (let segment = 0; segment < segments; segment++) {
    for (let i = 0; i < workload.stepsPerSegment; i++) {
      const step = segment * workload.stepsPerSegment + i;
      const rate = workload.learningRate(assignment.round, step);
      engine.step(workload.batch(assignment, deviation.dataOf?.(step) ?? step), {
        adamStep: workload.adamStep(step, carried),
        learningRate: deviation.learningRate?.(rate, step) ?? rate,
      });
    }
    deviation.after?.(engine, segment);
    const state = stateAfter(engine, workload, segment + 1);
    const root = stateRoot(state, undefined, carried);
    roots.push(root);
    await blobs.put(root, encodeState(state));
  }
  const end = stateAfter(engine, workload, segments);
  const weights = deviation.endOfUpdate?.(end.weights.slice()) ?? end.weights;
  const { bytes: update } = workload.updates.make(start, { ...end, weights }, deviation.carried);
  engine.release();
  await blobs.put(sha256(update), update);
  const scope = workload.scope(assignment.round, assignment.trainer);
  const proof: ProofOperation = {
    type: 'proof',
    trainer: assignment.trainer,
    round: assignment.round,
    segments,
    tokens: segments * workload.tokensPerSegment,
    leavesRoot: leavesRoot(scope, roots),
    updateHash: sha256(update),
    updateBytes: update.length,
    loss: 1,
  };
  return { proof, blobs, opening: async (_round, _trainer, segment) => openSegment(scope, roots, segment) };
}

/** The lowest bit of a value's f32 representation, turned over. */
export function flipLowestBit(vector: Float32Array, at: number): void {
  const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  words[at] = (words[at] as number) ^ 1;
}
