import { slotOf, trainingBatch } from '../data/batches.ts';
import type { Dataset } from '../data/types.ts';
import { parameterLayout } from '../model/layout.ts';
import { learningRateAt } from '../model/schedule.ts';
import type { TrainingEngine } from '../model/types.ts';
import { type Genesis, genesisHash } from '../params/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { carriesAny } from './carried.ts';
import type { LeafScope } from './leaves.ts';
import type { Moments } from './state.ts';
import type { Assignment } from './types.ts';
import { createUpdateFormat, type RoundBeginning, type UpdateFormat } from './update-format.ts';

/** All that a round's training is, beside the arithmetic: trainer and checker take it from here, so they cannot differ. */
export interface Workload {
  readonly genesisHash: Hash;
  readonly parameters: number;
  readonly stepsPerSegment: number;
  readonly maxSegments: number;
  readonly tokensPerSegment: number;
  readonly updates: UpdateFormat;
  scope(round: number, trainer: Address): LeafScope;
  /** Tokens of step `step` (from 0) of the trainer's round, as TrainingEngine.step takes them; valid until the next call. */
  batch(assignment: Assignment, step: number): Int32Array;
  /** Adam's step number, counted from 1, for bias correction: in a round that goes on from carried moments there is none to correct. */
  adamStep(step: number, carried: Hash | undefined): number;
  /** f32 */
  learningRate(round: number, step: number): number;
}

export function createWorkload(genesis: Genesis, dependencies: { readonly dataset: Dataset }): Workload {
  const { model, learning, rounds } = genesis;
  const hash = genesisHash(genesis);
  const batchSize = learning.batch_size;
  const stepsPerSegment = rounds.steps_per_segment;
  const tokens = new Int32Array(batchSize * (model.context_length + 1));
  const parameters = parameterLayout(model).count;
  const updates = createUpdateFormat(learning, parameters);
  return {
    genesisHash: hash,
    parameters,
    stepsPerSegment,
    maxSegments: rounds.max_segments,
    tokensPerSegment: stepsPerSegment * batchSize * model.context_length,
    updates,
    scope: (round, trainer) => ({ chainId: genesis.chain_id, genesisHash: hash, round, trainer }),
    batch({ beacon, roster, trainer }, step) {
      const slot = slotOf(beacon, roster, trainer);
      const slotCapacity = rounds.max_segments * stepsPerSegment * batchSize;
      trainingBatch({ dataset: dependencies.dataset, beacon, slot, slotCapacity, step, batchSize }, tokens);
      return tokens;
    },
    adamStep: (step, carried) => (updates.carriesMoments && carriesAny(carried, updates) ? Number.POSITIVE_INFINITY : step + 1),
    learningRate: (round, step) => learningRateAt(nominalStep(genesis, round, step), learning),
  };
}

/**
 * Place of a step in the run's schedule. A round counts as half of what its cap allows, whatever its trainers did: the schedule then
 * follows from the genesis and the round alone, and typical machines, which the cap leaves head-room above, are near it.
 */
function nominalStep(genesis: Genesis, round: number, step: number): number {
  const { max_segments, steps_per_segment } = genesis.rounds;
  return round * Math.ceil(max_segments / 2) * steps_per_segment + step;
}

/** What a trainer's round is, beside the genesis: its place, and root of what it began with of the trainer's own. */
export interface OwnRound {
  readonly assignment: Assignment;
  /** undefined where nothing is carried. */
  readonly carried: Hash | undefined;
}

/**
 * Runs segment `segment` on an engine that holds the state before it.
 * @param before awaited before each step; false abandons the segment
 * @param after told each step's loss
 * @param onGradient shown each step's gradient, before clipping
 * @returns the sum of the steps' losses (f64, ascending), or undefined when abandoned
 * @throws MODEL_DIVERGED
 */
export async function runSegment(
  engine: TrainingEngine,
  workload: Workload,
  { assignment, carried }: OwnRound,
  segment: number,
  before: () => Promise<boolean>,
  after: (loss: number) => void = () => {},
  onGradient?: (gradients: Float32Array) => void,
): Promise<number | undefined> {
  let lossSum = 0;
  for (let i = 0; i < workload.stepsPerSegment; i++) {
    if (!(await before())) return undefined;
    const step = segment * workload.stepsPerSegment + i;
    const { loss } = engine.step(workload.batch(assignment, step), {
      adamStep: workload.adamStep(step, carried),
      learningRate: workload.learningRate(assignment.round, step),
      ...(onGradient === undefined ? {} : { onGradient }),
    });
    lossSum += loss;
    after(loss);
  }
  return lossSum;
}

/** Puts a state into an engine. */
export function loadState(
  engine: TrainingEngine,
  state: { readonly weights: Float32Array; readonly firstMoment: Float32Array; readonly secondMoment: Float32Array },
): void {
  engine.weights.set(state.weights);
  loadMoments(engine, state);
}

function loadMoments(engine: TrainingEngine, { firstMoment, secondMoment }: Moments): void {
  engine.firstMoment.set(firstMoment);
  engine.secondMoment.set(secondMoment);
}

/** Puts what a trainer's round begins with into an engine. */
export function loadStart(engine: TrainingEngine, { weights, moments }: RoundBeginning): void {
  engine.weights.set(weights);
  if (moments === undefined) engine.clearMoments();
  else loadMoments(engine, moments);
}

/** The state an engine holds after `segments` segments, as live views. */
export function stateAfter(engine: TrainingEngine, workload: Workload, segments: number) {
  const { weights, firstMoment, secondMoment } = engine;
  return { weights, firstMoment, secondMoment, step: segments * workload.stepsPerSegment };
}
