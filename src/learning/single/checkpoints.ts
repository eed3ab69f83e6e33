import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ChunkHasher } from '../../numerics/backend.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import { messageOf } from '../../primitives/errors.ts';
import { vectorRoot } from '../chunks.ts';
import { jsonBytes, parseJson, readIfPresent, removeIfPresent, writeFileDurably } from '../files.ts';
import { stateRoot, stateRoots, type TrainingState } from '../state.ts';
import { readVectors, writeVectors } from '../vector-file.ts';
import { runError } from './errors.ts';

const MANIFEST = 'checkpoints.json';
/** The newest, and one to fall back on when the disk damaged it. */
const KEPT = 2;
const OWN_FILE = /^(?:weights|moments)-\d+\.f32(?:\.tmp)?$|^checkpoints\.json\.tmp$/;

const root = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Hex);
const measurement = z.strictObject({ step: z.number(), loss: z.number(), accuracy: z.number() });
const checkpoint = z.strictObject({
  /** Steps done. */
  step: z.number().int().nonnegative(),
  /** As state.ts takes it. */
  state_root: root,
  weights_root: root,
  /** Little-endian f32; names within the directory. */
  weights: z.string(),
  /** First, then second moments. */
  moments: z.string(),
  saved_at: z.string(),
  /** The last measurement on held-out text before it was saved. */
  held_out: measurement.optional(),
});
const manifest = z.strictObject({ format: z.literal('pol-checkpoints-1'), checkpoints: z.array(checkpoint) });

export type Checkpoint = z.infer<typeof checkpoint>;
export type HeldOutMeasurement = z.infer<typeof measurement>;

/** A faster way to hash, where there is one. */
interface Hashing {
  readonly hashChunks?: ChunkHasher | undefined;
}

/** The vectors of a state, to be filled in place. */
export type StateVectors = Omit<TrainingState, 'step'> & Hashing;

/**
 * The checkpoints of a run: two files of vectors each, and a manifest that names the last two and their roots. A checkpoint counts
 * from the instant the manifest is replaced; until then the ones before it are untouched.
 */
export interface CheckpointStore {
  /** Newest first, as the manifest names them; not verified. */
  readonly listed: readonly Checkpoint[];
  /** Makes a state durable and forgets all but it and the one before; nothing happens when the newest is of this step. @throws RUN_WRITE_FAILED */
  save(state: TrainingState & Hashing, heldOut: HeldOutMeasurement | undefined): Promise<Checkpoint>;
  /**
   * Fills `into` with the newest state that has the bits its root names. Undefined when there is no checkpoint yet.
   * @param onDamaged told of each newer one that was passed over
   * @throws RUN_CHECKPOINT_DAMAGED when all are damaged: nothing is deleted then
   */
  restore(into: StateVectors, onDamaged: (checkpoint: Checkpoint) => void): Promise<Checkpoint | undefined>;
  /** As `restore`, weights only. */
  restoreWeights(into: Float32Array, onDamaged: (checkpoint: Checkpoint) => void): Promise<Checkpoint | undefined>;
}

/** @throws RUN_CHECKPOINT_DAMAGED when the manifest does not parse */
export async function openCheckpoints(
  options: { readonly directory: string },
  dependencies: { readonly now: () => number },
): Promise<CheckpointStore> {
  const { directory } = options;
  let listed = await readManifest(join(directory, MANIFEST));

  async function firstSound(
    read: (checkpoint: Checkpoint) => Promise<boolean>,
    onDamaged: (checkpoint: Checkpoint) => void,
  ): Promise<Checkpoint | undefined> {
    for (const candidate of listed) {
      if (await read(candidate)) {
        listed = listed.slice(listed.indexOf(candidate));
        return candidate;
      }
      onDamaged(candidate);
    }
    if (listed.length === 0) return undefined;
    throw runError(
      'RUN_CHECKPOINT_DAMAGED',
      `no checkpoint in ${directory} has the bits it was saved with (steps ${listed.map(({ step }) => step).join(', ')}); restore its files from a copy, or train into another folder`,
    );
  }

  async function write(state: TrainingState & Hashing, heldOut: HeldOutMeasurement | undefined): Promise<Checkpoint> {
    const roots = stateRoots(state, state.hashChunks);
    const saved: Checkpoint = {
      step: state.step,
      state_root: toHex(roots.state),
      weights_root: toHex(roots.weights),
      weights: `weights-${state.step}.f32`,
      moments: `moments-${state.step}.f32`,
      saved_at: new Date(dependencies.now()).toISOString(),
      ...(heldOut === undefined ? {} : { held_out: heldOut }),
    };
    await writeVectors(join(directory, saved.weights), [state.weights]);
    await writeVectors(join(directory, saved.moments), [state.firstMoment, state.secondMoment]);
    const next = [saved, ...listed.filter(({ step }) => step !== state.step)].slice(0, KEPT);
    await writeFileDurably(join(directory, MANIFEST), jsonBytes({ format: 'pol-checkpoints-1', checkpoints: next }));
    listed = next;
    await removeUnlisted();
    return saved;
  }

  async function removeUnlisted(): Promise<void> {
    const kept = new Set(listed.flatMap(({ weights, moments }) => [weights, moments]));
    for (const name of await readdir(directory)) {
      if (OWN_FILE.test(name) && !kept.has(name)) await removeIfPresent(join(directory, name));
    }
  }

  return {
    get listed() {
      return listed;
    },
    async save(state, heldOut) {
      const newest = listed[0];
      if (newest?.step === state.step) return newest;
      try {
        return await write(state, heldOut);
      } catch (cause) {
        await removeUnlisted().catch(() => {});
        throw runError(
          'RUN_WRITE_FAILED',
          `checkpoint of step ${state.step} in ${directory}: ${messageOf(cause)}; free some space and run the same command again${newest === undefined ? '' : ` (it goes on from step ${newest.step})`}`,
          { cause },
        );
      }
    },
    restore(into, onDamaged) {
      return firstSound(async ({ weights, moments, step, state_root }) => {
        const whole =
          (await readVectors(join(directory, weights), [into.weights])) &&
          (await readVectors(join(directory, moments), [into.firstMoment, into.secondMoment]));
        return whole && toHex(stateRoot({ ...vectorsOf(into), step }, into.hashChunks)) === state_root;
      }, onDamaged);
    },
    restoreWeights(into, onDamaged) {
      return firstSound(async ({ weights, weights_root }) => {
        return (await readVectors(join(directory, weights), [into])) && toHex(vectorRoot(into)) === weights_root;
      }, onDamaged);
    },
  };
}

/** An engine's vectors may be getters: a spread of the engine itself would copy more than wanted. */
function vectorsOf({ weights, firstMoment, secondMoment }: StateVectors): StateVectors {
  return { weights, firstMoment, secondMoment };
}

async function readManifest(path: string): Promise<readonly Checkpoint[]> {
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return [];
  const parsed = manifest.safeParse(parseJson(bytes));
  if (!parsed.success) {
    throw runError('RUN_CHECKPOINT_DAMAGED', `${path} does not parse; restore it from a copy, or train into another folder`);
  }
  return [...parsed.data.checkpoints].sort((a, b) => b.step - a.step);
}
