import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fromHex, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { jsonBytes, parseJson, readIfPresent, removeIfPresent, subdirectory, writeFileDurably } from './files.ts';

const SUFFIX = '.json';

/** What a trainer must remember of its round to go on after a restart and to open its proof. */
export interface RoundRecord {
  readonly round: number;
  readonly trainer: Address;
  /** Fix the data: a record under another start or beacon is of another fork's round and is not continued. */
  readonly startRoot: Hash;
  readonly beacon: Hash;
  /** Roots of the states after 0, 1, … segments. */
  readonly stateRoots: readonly Hash[];
  /** Sum of the steps' losses of each finished segment. */
  readonly lossSums: readonly number[];
  /** Set once the proof was given out: from then on the leaves must not change. */
  readonly update: { readonly hash: Hash; readonly bytes: number } | undefined;
  /** Root of what this round began with of the trainer's own; undefined where nothing is carried. */
  readonly carried: Hash | undefined;
}

export interface RoundRecords {
  read(round: number, trainer: Address): Promise<RoundRecord | undefined>;
  write(record: RoundRecord): Promise<void>;
  dropBefore(round: number): Promise<void>;
}

const bytes = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${length * 2}}$`))
    .transform((text) => fromHex(text, length));
const schema = z.strictObject({
  format: z.literal('pol-round-1'),
  round: z.number().int().nonnegative(),
  trainer: bytes(20),
  startRoot: bytes(32),
  beacon: bytes(32),
  stateRoots: z.array(bytes(32)).min(1),
  lossSums: z.array(z.number()),
  update: z.strictObject({ hash: bytes(32), bytes: z.number().int().positive() }).optional(),
  carried: bytes(32).optional(),
});

/** One small file for each round and trainer; an unreadable one counts as absent. */
export async function openRoundRecords(options: { readonly directory: string }): Promise<RoundRecords> {
  const directory = await subdirectory(options.directory, 'rounds');
  const pathOf = (round: number, trainer: Address) => join(directory, `${round}-${toHex(trainer).slice(2)}${SUFFIX}`);
  return {
    async read(round, trainer) {
      const stored = await readIfPresent(pathOf(round, trainer));
      if (stored === undefined) return undefined;
      const parsed = schema.safeParse(parseJson(stored));
      if (!parsed.success || parsed.data.lossSums.length !== parsed.data.stateRoots.length - 1) return undefined;
      return { ...parsed.data, update: parsed.data.update, carried: parsed.data.carried };
    },
    async write(record) {
      await writeFileDurably(pathOf(record.round, record.trainer), jsonBytes({ format: 'pol-round-1', ...record }));
    },
    async dropBefore(round) {
      for (const name of await readdir(directory)) {
        if (Number.parseInt(name, 10) < round) await removeIfPresent(join(directory, name));
      }
    },
  };
}
