import { z } from 'zod';
import { type LearningConfig, learningSchema, type ModelConfig, modelSchema, tokenizerSchema } from '../../params/genesis.ts';
import { type Hex, toHex, uint64BE } from '../../primitives/bytes.ts';
import { type Hash, taggedHash } from '../../primitives/hash.ts';
import { runError } from './errors.ts';

/** What a run has no use for: there is one trainer, hence nothing to merge, and no rounds; its seed gives the initial weights. */
const ofNetworksOnly = {
  sparse_updates: true,
  carry_moments: true,
  init_seed: true,
  outer_learning_rate: true,
  outer_momentum: true,
} as const;
const root = z.string().regex(/^0x[0-9a-f]{64}$/, 'must be 32 bytes of lower-case 0x-hexadecimal');

const configSchema = z.strictObject({
  /** Of the initial weights and of the order of the sequences. */
  seed: z.number().int().nonnegative(),
  data: z.strictObject({
    source: z.string().min(1),
    /** SHA-256 root of the token stream. */
    root,
    tokens: z.number().int().positive(),
    held_out_tokens: z.number().int().positive(),
    /** As a genesis has it. */
    held_out_ppm: z.number().int().positive().max(500_000).optional(),
  }),
  tokenizer: tokenizerSchema,
  model: modelSchema,
  learning: learningSchema.omit(ofNetworksOnly),
});

/** Everything that decides a bit of a run's weights. What the machine chooses (threads, micro-batch, memory) is not in it. */
export type RunConfig = z.infer<typeof configSchema>;
export type RunLearning = RunConfig['learning'];

const eventSchema = z.strictObject({
  event: z.enum(['started', 'resumed', 'steps-changed']),
  /** Steps done when it happened. */
  step: z.number().int().nonnegative(),
  /** ISO 8601. */
  at: z.string(),
  program: z.string(),
  backend: z.string(),
  /** Root of the training state it happened to. */
  state_root: root,
  /** What `learning.total_steps` became. */
  total_steps: z.number().int().positive().optional(),
});

/** Where the weights come from: each time a program took the run up. */
export type LineageEvent = z.infer<typeof eventSchema>;

const documentSchema = z.strictObject({
  format: z.literal('pol-run-1'),
  parameters: z.number().int().positive(),
  config: configSchema,
  lineage: z.array(eventSchema),
});

/** The content of run.json. */
export type RunDocument = z.infer<typeof documentSchema>;

/** @throws RUN_INVALID naming `path`, the field and the rule */
export function parseRunDocument(document: unknown, path: string): RunDocument {
  const parsed = documentSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw runError(
    'RUN_INVALID',
    `${path}: ${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'invalid'}; restore it, or train into another folder`,
  );
}

/** Everything the engine wants to know; the outer step of a network is the identity here. */
export function learningConfigOf(config: RunConfig): LearningConfig {
  return { ...config.learning, init_seed: toHex(initialSeed(config.seed)), outer_learning_rate: 1, outer_momentum: 0 };
}

/** Seed of the initial weights (`initialiseWeights`). */
export function initialSeed(seed: number): Hash {
  return taggedHash('pol/run-weights/1', uint64BE(seed));
}

/** A run as a user asks for it: what is left out is as the run has it. */
export interface RunWishes {
  readonly seed?: number | undefined;
  readonly dataRoot?: Hex | undefined;
  readonly model?: Wishes<ModelConfig>;
  readonly learning?: Wishes<RunLearning>;
}

type Wishes<T> = { readonly [Field in keyof T]?: T[Field] | undefined };

/**
 * Compares wishes with a run that exists.
 * @throws RUN_MISMATCH naming the first field that differs, both values, and the cure
 */
export function requireSameRun(config: RunConfig, wishes: RunWishes, directory: string): void {
  const pairs: [field: string, wanted: unknown, found: unknown][] = [
    ['seed', wishes.seed, config.seed],
    ['data root', wishes.dataRoot, config.data.root],
  ];
  for (const section of ['model', 'learning'] as const) {
    for (const [field, wanted] of Object.entries(wishes[section] ?? {})) {
      pairs.push([`${section}.${field}`, wanted, Object.entries(config[section]).find(([name]) => name === field)?.[1]]);
    }
  }
  for (const [field, wanted, found] of pairs) {
    if (wanted === undefined || wanted === found) continue;
    throw runError(
      'RUN_MISMATCH',
      `${field}: the run in ${directory} has ${String(found)}, and ${String(wanted)} was asked for; leave the flag out to resume, or choose another --out`,
      { data: { field } },
    );
  }
}
