import { vectorFromBytes, vectorRoot } from '../../learning/chunks.ts';
import { learningError } from '../../learning/errors.ts';
import { modelRootOf, startRootOf } from '../../learning/model-root.ts';
import type { BoundaryInput, BoundaryRoots, UpdateReference } from '../../learning/types.ts';
import { concatBytes, equalBytes, toHex, uint64BE } from '../../primitives/bytes.ts';
import { type Hash, taggedHash } from '../../primitives/hash.ts';
import type { BlobStore } from '../../store/kv.ts';

/** SIMULATED weights and momentum: 32 bytes each, read as eight f32 values where a root is asked for, so that roots and snapshots are checked by the production code. */
interface Model {
  readonly weights: Hash;
  readonly momentum: Hash;
  readonly roots: BoundaryRoots;
}

interface Generation {
  readonly openRound: number;
  readonly settled: Model;
  readonly start: Model;
  readonly sealed: readonly UpdateReference[];
  readonly boundary: string | undefined;
}

/** What survives a crash: the manifest, newest first, with the models it names. */
export interface ModelDisk {
  generations: readonly Generation[];
}

/** Values of a simulated model. */
export const PARAMETERS = 8;
const VECTOR_BYTES = 32;

export interface SimulatedModels {
  readonly openRound: number;
  readonly roots: BoundaryRoots;
  /** True when `boundary` of this input needs no merge any more. */
  isComputed(input: BoundaryInput): boolean;
  boundary(input: BoundaryInput): Promise<BoundaryRoots>;
  commit(input: BoundaryInput): Promise<void>;
  /** The weights a round starts from. @throws LEARNING_WRONG_ROUND */
  start(round: number, startRoot: Hash): Hash;
}

const GENESIS = model(taggedHash('simulated/weights/1'), new Uint8Array(VECTOR_BYTES));
export const GENESIS_ROOTS: BoundaryRoots = GENESIS.roots;

export function newModelDisk(): ModelDisk {
  return { generations: [{ openRound: 0, settled: GENESIS, start: GENESIS, sealed: [], boundary: undefined }] };
}

/** The bookkeeping of learning/models.ts over merges that are hashes. */
export function openSimulatedModels(disk: ModelDisk, blobs: BlobStore): SimulatedModels {
  const candidates = new Map<string, Pick<Generation, 'settled' | 'start'>>();
  const newest = () => disk.generations[0] as Generation;

  async function outer(base: Model, updates: readonly UpdateReference[]): Promise<Model> {
    if (updates.length === 0) return base;
    const parts: Uint8Array[] = [];
    for (const { trainer, updateHash, tokens } of updates) {
      if (!(await blobs.has(updateHash))) throw learningError('LEARNING_UPDATE_MISSING', `update ${toHex(updateHash)} is not held`);
      parts.push(trainer, updateHash, uint64BE(tokens));
    }
    const merged = taggedHash('simulated/merge/1', base.weights, base.momentum, concatBytes(...parts));
    return model(merged, taggedHash('simulated/momentum/1', merged));
  }

  async function resolve(input: BoundaryInput): Promise<Pick<Generation, 'settled' | 'start'>> {
    const key = keyOf(input);
    const done = disk.generations.find((generation) => generation.boundary === key) ?? candidates.get(key);
    if (done !== undefined) return done;
    const base = disk.generations.find((generation) => generation.openRound === input.round);
    if (base === undefined) throw wrongRound(input.round, newest().openRound);
    const settled = sameList(input.accepted, base.sealed) ? base.start : await outer(base.settled, input.accepted);
    const candidate = { settled, start: await outer(settled, input.sealed) };
    candidates.set(key, candidate);
    return candidate;
  }

  function install(generations: readonly Generation[]): void {
    disk.generations = generations;
    candidates.clear();
  }

  return {
    get openRound() {
      return newest().openRound;
    },
    get roots() {
      const { settled, start } = newest();
      return rootsOf({ settled, start });
    },
    isComputed: (input) => candidates.has(keyOf(input)) || disk.generations.some(({ boundary }) => boundary === keyOf(input)),
    boundary: async (input) => rootsOf(await resolve(input)),
    async commit(input) {
      const boundary = keyOf(input);
      if (disk.generations.some((generation) => generation.boundary === boundary)) return;
      const { settled, start } = await resolve(input);
      const base = disk.generations.find((generation) => generation.openRound === input.round);
      if (base === undefined) throw wrongRound(input.round, newest().openRound);
      install([{ openRound: input.round + 1, settled, start, sealed: input.sealed, boundary }, base]);
    },
    start(round, startRoot) {
      const held = disk.generations.find(({ openRound, start }) => openRound === round && equalBytes(start.roots.startRoot, startRoot));
      if (held === undefined) throw wrongRound(round, newest().openRound);
      return held.start.weights;
    },
  };
}

function model(weights: Hash, momentum: Hash): Model {
  const root = (bytes: Uint8Array) => vectorRoot(vectorFromBytes(bytes.slice()));
  const vectors = { weights: root(weights), momentum: root(momentum) };
  return { weights, momentum, roots: { modelRoot: modelRootOf(vectors), startRoot: startRootOf(vectors) } };
}

function rootsOf({ settled, start }: Pick<Generation, 'settled' | 'start'>): BoundaryRoots {
  return { modelRoot: settled.roots.modelRoot, startRoot: start.roots.startRoot };
}

function wrongRound(round: number, open: number) {
  return learningError('LEARNING_WRONG_ROUND', `the models of round ${round} are not held: open is round ${open}`);
}

const listKey = (list: readonly UpdateReference[]) =>
  list.map(({ trainer, updateHash, tokens }) => `${toHex(trainer)} ${toHex(updateHash)} ${tokens}`).join();
const keyOf = ({ round, accepted, sealed }: BoundaryInput) => `${round}/${listKey(accepted)}/${listKey(sealed)}`;
const sameList = (a: readonly UpdateReference[], b: readonly UpdateReference[]) => a.length > 0 && listKey(a) === listKey(b);
