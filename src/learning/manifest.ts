import { join } from 'node:path';
import { z } from 'zod';
import { fromHex, type Hex, toHex, utf8 } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { jsonBytes, parseJson, readIfPresent, writeFileDurably } from './files.ts';
import type { ModelVectors } from './model-root.ts';
import type { BoundaryInput, UpdateReference } from './types.ts';

/** Root of what an accepted update left for its trainer to go on from in a later round. */
export interface CarriedRoot {
  readonly trainer: Address;
  readonly root: Hash;
}

/** The models of one open round, and the boundary that led to them. */
export interface Generation {
  readonly openRound: number;
  readonly settled: ModelVectors;
  readonly start: ModelVectors;
  /** Sealed updates of the round before: start = Outer(settled, sealed). */
  readonly sealed: readonly UpdateReference[];
  /** Identifies the boundary (`boundaryKey`); undefined for the genesis and for an imported snapshot. */
  readonly boundary: Hex | undefined;
  /** Of the updates that the boundary accepted; undefined after an imported snapshot. */
  readonly carried: readonly CarriedRoot[] | undefined;
}

/** Newest first: the open round's models, and when held the ones of the round before. */
export type Generations = readonly [Generation] | readonly [Generation, Generation];

/** The start weights of a round that is settled, kept so that its proofs can be judged again. */
export interface KeptStart {
  readonly round: number;
  readonly weights: Hash;
  /** As in its generation. */
  readonly carried: readonly CarriedRoot[] | undefined;
}

/** All that the manifest names. Starts: newest first, of rounds before those of the generations. */
export interface Manifest {
  readonly generations: Generations;
  readonly starts: readonly KeptStart[];
}

const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => fromHex(text, 32));
const vectors = z.strictObject({ weights: hash, momentum: hash });
const trainer = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/)
  .transform((text) => fromHex(text, 20));
const reference = z.strictObject({ trainer, updateHash: hash, tokens: z.number().int().positive() });
const carried = z.array(z.strictObject({ trainer, root: hash })).optional();
const generation = z.strictObject({
  openRound: z.number().int().nonnegative(),
  settled: vectors,
  start: vectors,
  sealed: z.array(reference),
  boundary: z.string().optional(),
  carried,
});
const manifest = z.strictObject({
  format: z.literal('pol-models-1'),
  /** A directory copied under another network must not be taken for this one's. */
  genesis: z.string(),
  generations: z.union([z.tuple([generation]), z.tuple([generation, generation])]),
  starts: z.array(z.strictObject({ round: z.number().int().nonnegative(), weights: hash, carried })).default([]),
});

const pathIn = (directory: string): string => join(directory, 'manifest.json');

/** Undefined when there is none, or it is unreadable or another network's: the models are then taken from a peer. */
export async function readManifest(directory: string, genesisHash: Hash): Promise<Manifest | undefined> {
  const bytes = await readIfPresent(pathIn(directory));
  if (bytes === undefined) return undefined;
  const parsed = manifest.safeParse(parseJson(bytes));
  if (!parsed.success || parsed.data.genesis !== toHex(genesisHash)) return undefined;
  const [newest, previous] = parsed.data.generations.map(
    (entry): Generation => ({ ...entry, boundary: entry.boundary as Hex | undefined, carried: entry.carried }),
  );
  if (newest === undefined) return undefined;
  return {
    generations: previous === undefined ? [newest] : [newest, previous],
    starts: parsed.data.starts.map((start) => ({ ...start, carried: start.carried })),
  };
}

export async function writeManifest(directory: string, genesisHash: Hash, { generations, starts }: Manifest): Promise<void> {
  const document = { format: 'pol-models-1', genesis: toHex(genesisHash), generations, starts };
  await writeFileDurably(pathIn(directory), jsonBytes(document));
}

/** Two boundaries with one key lead to the same models. */
export function boundaryKey(input: BoundaryInput): Hex {
  return toHex(taggedHash('pol/boundary-key/1', utf8(`${input.round}|${listKey(input.accepted)}|${listKey(input.sealed)}`)));
}

export function sameList(a: readonly UpdateReference[], b: readonly UpdateReference[]): boolean {
  return listKey(a) === listKey(b);
}

function listKey(list: readonly UpdateReference[]): string {
  return list.map((item) => `${toHex(item.trainer)}:${toHex(item.updateHash)}:${item.tokens}`).join(',');
}
