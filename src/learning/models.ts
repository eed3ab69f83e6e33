import { equalBytes, type Hex, toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import { vectorFromBytes, vectorRoot } from './chunks.ts';
import { learningError } from './errors.ts';
import { readIfPresent, subdirectory } from './files.ts';
import {
  boundaryKey,
  type CarriedRoot,
  type Generation,
  type Generations,
  type KeptStart,
  readManifest,
  sameList,
  writeManifest,
} from './manifest.ts';
import { mergeUpdates, type OuterOptions, outerStep, requireCanonicalList } from './merge.ts';
import { type ModelVectors, modelRootOf, startRootOf } from './model-root.ts';
import type { BoundaryInput, BoundaryRoots, HeldModel, HeldStart, ModelFiles, UpdateReference } from './types.ts';
import type { Update, UpdateFormat } from './update-format.ts';
import { openVectorStore } from './vectors.ts';

/**
 * The models across boundaries. With M(r) the model settled by round r's accepted updates and Outer the merge of merge.ts:
 *
 *   M(−1) = initial weights, momentum 0;  start(0) = M(−1)
 *   boundary of round r:  M(r−1) = Outer(M(r−2), accepted(r−1));  start(r+1) = Outer(M(r−1), sealed(r))
 *
 * Outer over no update is the identity, which covers round 0. When nothing sealed was rejected, M(r−1) is what round r started
 * from, momentum included, and is not computed again.
 */
export interface ModelStore {
  /** The open round's generation. */
  current(): Generation;
  /** @throws LEARNING_WRONG_ROUND, LEARNING_UPDATE_MISSING, LEARNING_UPDATE_INVALID, LEARNING_INPUT_INVALID */
  boundary(input: BoundaryInput): Promise<BoundaryRoots>;
  /** Makes a boundary current and durable; nothing happens when it is already. @throws as `boundary` */
  commit(input: BoundaryInput): Promise<void>;
  /** Identity and weights of a held round's start. @throws LEARNING_WRONG_ROUND when no held round started from it, LEARNING_STORE_CORRUPT */
  start(round: number, startRoot: Hash): Promise<RoundStart>;
  /**
   * Root of what a trainer's sealed update left for the open round; undefined when there is none, and when it cannot be accepted any more
   * because the one that it went on from was not.
   * @throws LEARNING_UPDATE_MISSING
   */
  left(trainer: Address): Promise<Hash | undefined>;
  /** @throws LEARNING_STORE_CORRUPT */
  settledWeights(): Promise<Float32Array>;
  settledWeightsPath(): string;
  /** The settled models held, newest first. */
  heldModels(): readonly HeldModel[];
  /** The starts of rounds held, newest first. */
  heldStarts(): readonly HeldStart[];
  /** @throws LEARNING_SNAPSHOT_INVALID, LEARNING_UPDATE_MISSING */
  importSnapshot(files: ModelFiles, expected: SnapshotExpectation): Promise<void>;
}

/** What a held round started from. */
export interface RoundStart {
  readonly weightsRoot: Hash;
  readonly weights: Float32Array;
  /**
   * Roots of what the accepted updates of the round before left to go on from, by trainer. undefined when this node does not know: the
   * round is open, so that they are not judged yet, or it took the models over since.
   */
  readonly carried: ReadonlyMap<Hex, Hash> | undefined;
}

interface SnapshotExpectation {
  readonly openRound: number;
  readonly modelRoot: Hash;
  readonly startRoot: Hash;
  readonly sealed: readonly UpdateReference[];
}

export interface ModelStoreOptions {
  readonly directory: string;
  readonly parameters: number;
  readonly genesisHash: Hash;
  readonly outer: OuterOptions;
  /** Rounds before the open one whose start weights are kept, at least one. */
  readonly keptStarts: number;
  readonly updates: UpdateFormat;
}

export interface ModelStoreDependencies {
  /** Bytes of an update by hash; undefined when not held. */
  readonly update: (hash: Hash) => Promise<Uint8Array | undefined>;
  /** Called once, for a new directory. */
  readonly initialWeights: () => Promise<Float32Array>;
  readonly log: Logger;
}

/** Candidate boundaries kept between `boundary` and `commit`: consensus may see a few proposals for one height. */
const MAX_CANDIDATES = 3;

/**
 * Opens at the last committed boundary; at the one before, or at the genesis, when files are damaged (the chain then merges
 * again, or imports a snapshot).
 */
export async function openModelStore(options: ModelStoreOptions, dependencies: ModelStoreDependencies): Promise<ModelStore> {
  const { parameters, genesisHash } = options;
  const { log } = dependencies;
  const directory = await subdirectory(options.directory, 'models');
  const vectors = await openVectorStore({ directory, parameters });
  /** Vectors computed and not yet on disk. */
  const pending = new Map<Hex, Float32Array>();
  const candidates = new Map<Hex, { readonly settled: ModelVectors; readonly start: ModelVectors }>();

  let starts: readonly KeptStart[] = [];
  let generations: Generations = (await openGenerations()) ?? (await startFromGenesis());
  await vectors.keepOnly([...generations.flatMap(rootsOf), ...starts.map(({ weights }) => weights)]);

  async function openGenerations(): Promise<Generations | undefined> {
    const stored = await readManifest(directory, genesisHash);
    if (stored === undefined) return undefined;
    starts = stored.starts;
    const [newest, previous] = stored.generations;
    if (await isWhole(newest)) return previous !== undefined && (await isWhole(previous)) ? [newest, previous] : [newest];
    log.warn({ round: newest.openRound }, 'the newest model on disk is damaged; falling back to the one before');
    return previous !== undefined && (await isWhole(previous)) ? [previous] : undefined;
  }

  async function isWhole(generation: Generation): Promise<boolean> {
    try {
      for (const root of rootsOf(generation)) await vectors.read(root);
      return true;
    } catch (error) {
      if (isPolError(error, 'LEARNING_STORE_CORRUPT')) return false;
      throw error;
    }
  }

  async function startFromGenesis(): Promise<Generations> {
    const model = hold(await dependencies.initialWeights(), new Float32Array(parameters));
    const genesis: Generation = { openRound: 0, settled: model, start: model, sealed: [], boundary: undefined, carried: [] };
    await persist([genesis], []);
    return [genesis];
  }

  /** Crash-safe order: first the new vectors, then the manifest that names them. */
  async function persist(next: Generations, kept: readonly KeptStart[]): Promise<void> {
    for (const root of next.flatMap(rootsOf)) {
      const vector = pending.get(toHex(root));
      if (vector === undefined) continue;
      await vectors.write(root, vector);
      pending.delete(toHex(root));
    }
    await writeManifest(directory, genesisHash, { generations: next, starts: kept });
    pending.clear();
  }

  /** Persists, and deletes last what the manifest no longer names. */
  async function install(next: Generations): Promise<void> {
    const kept = startsBeside(next);
    await persist(next, kept);
    generations = next;
    starts = kept;
    candidates.clear();
    await vectors.keepOnly([...next.flatMap(rootsOf), ...kept.map(({ weights }) => weights)]);
  }

  /** Of the starts held until now, those that are still wanted and not among the next generations. */
  function startsBeside(next: Generations): readonly KeptStart[] {
    const oldest = next[0].openRound - options.keptStarts;
    const isNext = (round: number) => next.some(({ openRound }) => openRound === round);
    return allStarts().filter(({ round }) => round >= oldest && round < next[0].openRound && !isNext(round));
  }

  function hold(weights: Float32Array, momentum: Float32Array): ModelVectors {
    const model = { weights: vectorRoot(weights), momentum: vectorRoot(momentum) };
    pending.set(toHex(model.weights), weights);
    pending.set(toHex(model.momentum), momentum);
    return model;
  }

  /** A copy to write in. */
  async function take(root: Hash): Promise<Float32Array> {
    return pending.get(toHex(root))?.slice() ?? (await vectors.read(root));
  }

  async function loadUpdate(reference: UpdateReference): Promise<Update> {
    const bytes = await dependencies.update(reference.updateHash);
    if (bytes === undefined) {
      throw learningError(
        'LEARNING_UPDATE_MISSING',
        `update ${toHex(reference.updateHash)} of ${toHex(reference.trainer)} is not held; fetch it first`,
      );
    }
    return options.updates.decode(bytes);
  }

  /** What the accepted updates left for their trainers to go on from. */
  async function carriedOf(accepted: readonly UpdateReference[]): Promise<readonly CarriedRoot[]> {
    if (options.updates.nothingCarried === undefined) return [];
    const list: CarriedRoot[] = [];
    for (const reference of accepted) {
      const { carried } = await loadUpdate(reference);
      if (carried !== undefined) list.push({ trainer: reference.trainer, root: carried.after });
    }
    return list;
  }

  async function outer(model: ModelVectors, updates: readonly UpdateReference[]): Promise<ModelVectors> {
    if (updates.length === 0) return model;
    const mean = await mergeUpdates(
      parameters,
      updates.map((update) => update.tokens),
      (index) => loadUpdate(updates[index] as UpdateReference),
    );
    const weights = await take(model.weights);
    const momentum = await take(model.momentum);
    outerStep(weights, momentum, mean, options.outer);
    return hold(weights, momentum);
  }

  async function resolve(input: BoundaryInput): Promise<{ readonly settled: ModelVectors; readonly start: ModelVectors }> {
    requireCanonicalList(input.accepted, 'accepted');
    requireCanonicalList(input.sealed, 'sealed');
    const key = boundaryKey(input);
    const done = generations.find((generation) => generation.boundary === key) ?? candidates.get(key);
    if (done !== undefined) return done;
    const base = generations.find((generation) => generation.openRound === input.round);
    if (base === undefined) throw wrongRound(input.round);
    if (candidates.size >= MAX_CANDIDATES) {
      candidates.clear();
      pending.clear();
    }
    const settled = sameList(input.accepted, base.sealed) ? base.start : await outer(base.settled, input.accepted);
    const start = await outer(settled, input.sealed);
    const candidate = { settled, start };
    candidates.set(key, candidate);
    return candidate;
  }

  function allStarts(): readonly KeptStart[] {
    return [
      ...generations.map(({ openRound, start, carried }): KeptStart => ({ round: openRound, weights: start.weights, carried })),
      ...starts,
    ];
  }

  async function readSnapshotVector(path: string): Promise<Float32Array> {
    const bytes = await readIfPresent(path);
    if (bytes?.length !== parameters * 4) {
      throw learningError(
        'LEARNING_SNAPSHOT_INVALID',
        `a vector of this model has ${parameters * 4} bytes, ${path} has ${bytes?.length ?? 'none'}`,
      );
    }
    return vectorFromBytes(bytes);
  }

  function wrongRound(round: number) {
    return learningError(
      'LEARNING_WRONG_ROUND',
      `the models of round ${round} are not held: open is round ${generations[0].openRound}; follow the chain or import a snapshot`,
    );
  }

  return {
    current: () => generations[0],
    async boundary(input) {
      const { settled, start } = await resolve(input);
      return { modelRoot: modelRootOf(settled), startRoot: startRootOf(start) };
    },
    async commit(input) {
      const key = boundaryKey(input);
      if (generations.some((generation) => generation.boundary === key)) return;
      const { settled, start } = await resolve(input);
      const base = generations.find((generation) => generation.openRound === input.round);
      if (base === undefined) throw wrongRound(input.round);
      const carried = await carriedOf(input.accepted);
      await install([{ openRound: input.round + 1, settled, start, sealed: input.sealed, boundary: key, carried }, base]);
    },
    async start(round, startRoot) {
      const held = allStarts().find((each) => each.round === round && equalBytes(startRootOf(each), startRoot));
      if (held === undefined) throw wrongRound(round);
      // The boundary that seals a round judges the one before.
      const judged = allStarts().find((each) => each.round === round + 1)?.carried;
      return {
        weightsRoot: held.weights,
        weights: await vectors.read(held.weights),
        carried: judged && new Map(judged.map(({ trainer, root }) => [toHex(trainer), root])),
      };
    },
    async left(trainer) {
      const [{ sealed, carried: judged }] = generations;
      const reference = sealed.find((each) => equalBytes(each.trainer, trainer));
      const roots = reference && (await loadUpdate(reference)).carried;
      if (roots === undefined || options.updates.nothingCarried === undefined) return undefined;
      const isSound =
        equalBytes(roots.before, options.updates.nothingCarried) ||
        judged?.some((each) => equalBytes(each.trainer, trainer) && equalBytes(each.root, roots.before));
      return isSound ? roots.after : undefined;
    },
    settledWeights: () => vectors.read(generations[0].settled.weights),
    settledWeightsPath: () => vectors.path(generations[0].settled.weights),
    heldModels: () =>
      generations.map(({ settled }) => ({
        modelRoot: modelRootOf(settled),
        weights: { root: settled.weights, path: vectors.path(settled.weights) },
        momentum: { root: settled.momentum, path: vectors.path(settled.momentum) },
      })),
    heldStarts: () =>
      allStarts().map((start) => ({ startRoot: startRootOf(start), weights: { root: start.weights, path: vectors.path(start.weights) } })),
    async importSnapshot(files, expected) {
      requireCanonicalList(expected.sealed, 'sealed');
      const weights = await readSnapshotVector(files.weights);
      const momentum = await readSnapshotVector(files.momentum);
      const model = { weights: vectorRoot(weights), momentum: vectorRoot(momentum) };
      if (!equalBytes(modelRootOf(model), expected.modelRoot)) {
        throw learningError(
          'LEARNING_SNAPSHOT_INVALID',
          `the snapshot is of model ${toHex(modelRootOf(model))}, not ${toHex(expected.modelRoot)}`,
        );
      }
      candidates.clear();
      pending.clear();
      const settled = hold(weights, momentum);
      const start = await outer(settled, expected.sealed);
      if (!equalBytes(startRootOf(start), expected.startRoot)) {
        pending.clear();
        throw learningError('LEARNING_SNAPSHOT_INVALID', 'the sealed updates do not lead from the snapshot to the start of the open round');
      }
      await install([{ openRound: expected.openRound, settled, start, sealed: expected.sealed, boundary: undefined, carried: undefined }]);
    },
  };
}

function rootsOf({ settled, start }: Generation): readonly Hash[] {
  return [settled.weights, settled.momentum, start.weights, start.momentum];
}
