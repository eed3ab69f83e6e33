import { z } from 'zod';
import { STAKE_CONTRACT } from '../contracts/addresses.ts';
import { compareBytes, fromHex, type Hex, toHex, utf8 } from '../primitives/bytes.ts';
import { errorDomain } from '../primitives/errors.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';

/** Where stakes are sent: a contract (contracts/Stake.sol). What it holds is burned there and kept by the protocol's state. */
export const STAKE_ADDRESS: Uint8Array = fromHex(STAKE_CONTRACT, 20);
const MAX_GENESIS_STAKES = 1000;
/** Inner steps in a segment: a ruling on a disputed one lists a digest for each. */
export const MAX_SEGMENT_STEPS = 48;

/** What a network must agree on, and never changes: parsed once, validated, frozen. */
export type Genesis = z.infer<typeof genesisSchema>;
export type ModelConfig = Genesis['model'];
export type LearningConfig = Genesis['learning'];
export type RoundConfig = Genesis['rounds'];

/** The order of sums in products (docs/numerics.md): nodes that compute other bits must not take part. */
export const ARITHMETIC = 'bf16-pairs-32';

export const genesisError = errorDomain({
  GENESIS_INVALID: { explanation: 'The genesis file does not parse or contradicts itself.' },
  GENESIS_MISMATCH: { explanation: 'The data directory, or a peer, belongs to a network with another genesis.' },
});

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^0x[0-9a-f]{${bytes * 2}}$`), `must be ${bytes} bytes of lower-case 0x-hexadecimal`);
/** Covers the vocabularies of Llama 3 and Qwen. */
export const MAX_VOCABULARY = 262_144;

const natural = z.number().int().positive();
const decimal = z.string().regex(/^\d+$/, 'must be a decimal number of wei, as text');
const wei = decimal;

export const modelSchema = z.strictObject({
  vocab_size: natural.min(256).max(MAX_VOCABULARY),
  dim: natural.multipleOf(16).max(16384),
  layers: natural.max(256),
  heads: natural.max(256),
  /** Divides heads: grouped-query attention. */
  kv_heads: natural.max(256),
  hidden_dim: natural.multipleOf(16).max(65536),
  context_length: natural.max(32768),
  tied_embeddings: z.boolean(),
  rope_theta: z.number().positive(),
  norm_eps: z.number().positive(),
});

export const tokenizerSchema = z.discriminatedUnion('kind', [
  /** GPT-2's byte-pair ranks, cut to the model's vocab_size. */
  z.strictObject({ kind: z.literal('gpt2') }),
  /** A tokenizer.json and its tokenizer_config.json by their SHA-256; nodes get the files from the network's folder or from peers. */
  z.strictObject({ kind: z.literal('file'), hash: hex(32), config_hash: hex(32) }),
]);
export type TokenizerChoice = z.infer<typeof tokenizerSchema>;

const baseModelSchema = z.strictObject({
  /** Root of the weights that the network starts from (learning/chunks.ts, vectorRoot). */
  weights_root: hex(32),
});

const MOST_GPT2_TOKENS = 50_257;

const dataSchema = z.strictObject({
  /** See data/source.ts: a package, a path, an address, a hub's data set, or a mixture. */
  source: z.string().min(1),
  /** SHA-256 root of the token stream: every node trains on these bytes or does not start. */
  root: hex(32),
  tokens: natural,
  /** The last part of the stream is held out and never trained on. */
  held_out_tokens: natural,
  /** Whole documents are held out, this share in millionths, by the hash of their text; they stand last. Left out: the text's end is. */
  held_out_ppm: natural.max(500_000).optional(),
});

export const learningSchema = z.strictObject({
  /** Sequences of context_length in one inner step. */
  batch_size: natural,
  /** Peak inner learning rate. */
  learning_rate: z.number().positive(),
  /** Inner steps of linear warm-up at the start of the whole run (rounds count with their nominal steps). */
  warmup_steps: z.number().int().nonnegative(),
  /** Total nominal inner steps of the run, and the part of them (from the end) with linear decay to a tenth. */
  total_steps: natural,
  decay_fraction: z.number().min(0).max(1),
  beta1: z.number().min(0).max(1),
  beta2: z.number().min(0).max(1),
  epsilon: z.number().positive(),
  weight_decay: z.number().nonnegative(),
  /** Global gradient norm limit. */
  clip_norm: z.number().positive(),
  /**
   * Trainers go on from the moments that their update of the round before left; left out or false: every round begins with none
   * (docs/protocol.md).
   */
  carry_moments: z.boolean().optional(),
  /** Outer Nesterov step (DiLoCo, arXiv:2311.08105). */
  outer_learning_rate: z.number().positive(),
  outer_momentum: z.number().min(0).max(1),
  /** Seed of the initial weights. */
  init_seed: hex(32),
  /** Updates that hold only the signs of the largest values, with error feedback; left out: all values, in int8 (docs/protocol.md). */
  sparse_updates: z
    .strictObject({
      /** One value of each so many is sent, a power of two: 16 take a hundredth of f32's bytes. */
      one_of: natural.max(4096).refine((count) => count > 1 && Number.isInteger(Math.log2(count)), 'must be a power of two from 2 to 4096'),
      /** What is left, a round later, of what was kept back. */
      feedback_decay: z.number().min(0).max(0.99),
    })
    .optional(),
});

const roundsSchema = z.strictObject({
  /** Blocks in a round; the last one is the boundary block. */
  blocks_per_round: natural.min(6).max(10_000),
  /** Blocks before the boundary at which trainers finish their segment and publish. */
  submit_blocks: natural,
  /** Blocks after the boundary in which preimages are revealed; challenges are drawn at the end of them. */
  reveal_blocks: natural,
  /** Blocks in which committed votes are opened, before the disputes. */
  vote_blocks: natural,
  /** Blocks from the end of the votes to the boundary; disputed segments are ruled on in all of them but the boundary. */
  dispute_blocks: natural.min(2),
  /** Inner AdamW steps in a segment. */
  steps_per_segment: natural.max(MAX_SEGMENT_STEPS),
  /** The most segments one trainer may claim in a round. */
  max_segments: natural,
  /** The same for a trainer on probation, whose every segment is checked. */
  probation_segments: natural,
  /** Drawn segments that each authority re-executes at first, beside those that must be; it then follows what they can do. */
  checks_per_authority: natural.min(2),
  /** The most trainers in a round. */
  max_trainers: natural,
});

const rewardsSchema = z.strictObject({
  /** New coins of one round (wei, whole gwei); shares below. */
  emission_per_round: wei,
  /** Rounds after which the emission halves. */
  halving_rounds: natural,
  trainer_percent: z.number().int().min(0).max(100),
  authority_percent: z.number().int().min(0).max(100),
  /** Fills the pool for finders of fraud. */
  bounty_percent: z.number().int().min(0).max(100),
  /** The most one verified token earns (wei). */
  max_reward_per_token: wei,
  /** Least part of the emission, paid also when the held-out loss does not fall. */
  emission_floor_percent: z.number().int().min(0).max(100),
  /** Fall of the held-out loss in one round, in millionths of the least loss so far, that earns all of the emission. */
  improvement_target_ppm: natural.max(1_000_000),
  /** An update whose loss on the gate batch exceeds that of the start weights by more millionths earns nothing. */
  gate_tolerance_ppm: z.number().int().nonnegative().max(1_000_000_000),
});

const stakingSchema = z.strictObject({
  /** Rounds from asking for a stake back to getting it; it can be slashed until then. */
  unbonding_rounds: natural.min(2),
  /** A transfer of less to the stake address stakes nothing and is burned (wei). */
  minimum_deposit: wei,
});

const authoritySchema = z.strictObject({
  address: hex(20),
  /** Tip of the authority's hash chain; preimages of it are its randomness (docs/protocol.md). */
  onion_tip: hex(32),
  /** Tip of its second chain, whose preimages draw its secret segments and are shown with its votes. */
  secret_onion_tip: hex(32),
});

const genesisSchema = z.strictObject({
  format: z.literal('pol-genesis-1'),
  arithmetic: z.literal(ARITHMETIC),
  name: z.string().min(1).max(64),
  chain_id: natural,
  /** Unix seconds. */
  timestamp: z.number().int().nonnegative(),
  authorities: z.array(authoritySchema).min(1).max(100),
  /** Starting balances in wei. */
  alloc: z.record(hex(20), wei),
  /** Stakes at the start, in wei, beside the balances. */
  stakes: z.record(hex(20), wei),
  gas_limit: natural,
  base_fee_per_gas: decimal,
  /** The least time between two blocks. */
  block_interval_ms: natural,
  model: modelSchema,
  tokenizer: tokenizerSchema,
  /** Left out: the weights that learning.init_seed draws. */
  base_model: baseModelSchema.optional(),
  data: dataSchema,
  learning: learningSchema,
  rounds: roundsSchema,
  rewards: rewardsSchema,
  staking: stakingSchema,
  /**
   * Whether blocks tell contracts of the training (contracts/Training.sol): yes, unless it is false. Standard execution clients know no
   * such writes, so a network whose nodes use them is made without.
   */
  training_view: z.boolean().optional(),
});

/**
 * Parses and checks a genesis document.
 * @throws GENESIS_INVALID naming the field and the rule
 */
export function parseGenesis(document: unknown): Genesis {
  const parsed = genesisSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw genesisError('GENESIS_INVALID', `genesis: ${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'invalid'}`);
  }
  const genesis = parsed.data;
  const brokenModelRule = modelRuleBroken(genesis.model);
  const rules: readonly (readonly [boolean, string])[] = [
    [brokenModelRule === undefined, brokenModelRule ?? ''],
    [
      genesis.tokenizer.kind !== 'gpt2' || genesis.model.vocab_size <= MOST_GPT2_TOKENS,
      `model.vocab_size must be at most ${MOST_GPT2_TOKENS} with the tokenizer gpt2`,
    ],
    [new Set(genesis.authorities.map((a) => a.address)).size === genesis.authorities.length, 'authorities must differ'],
    [
      genesis.rounds.submit_blocks + genesis.rounds.reveal_blocks < genesis.rounds.blocks_per_round,
      'rounds.submit_blocks + rounds.reveal_blocks must be less than rounds.blocks_per_round',
    ],
    [
      genesis.rounds.reveal_blocks + 1 + genesis.rounds.vote_blocks + genesis.rounds.dispute_blocks <= genesis.rounds.blocks_per_round,
      'rounds.reveal_blocks + rounds.vote_blocks + rounds.dispute_blocks must leave a block of rounds.blocks_per_round for commitments',
    ],
    [
      genesis.rewards.trainer_percent + genesis.rewards.authority_percent + genesis.rewards.bounty_percent <= 100,
      'rewards: the shares exceed 100 %',
    ],
    [Object.keys(genesis.stakes).length <= MAX_GENESIS_STAKES, `stakes: at most ${MAX_GENESIS_STAKES} accounts`],
    [!(toHex(STAKE_ADDRESS) in genesis.alloc), 'alloc: coins of the stake address would be nobody’s'],
    [BigInt(genesis.rewards.emission_per_round) % 1_000_000_000n === 0n, 'rewards.emission_per_round must be whole gwei'],
    [genesis.data.held_out_tokens < genesis.data.tokens, 'data.held_out_tokens must be less than data.tokens'],
  ];
  for (const [holds, sentence] of rules) if (!holds) throw genesisError('GENESIS_INVALID', `genesis: ${sentence}`);
  return deepFreeze(genesis);
}

/** What of a shape contradicts itself, as a sentence; undefined when nothing does. */
export function modelRuleBroken({ dim, heads, kv_heads }: ModelConfig): string | undefined {
  if (dim % heads !== 0) return 'model.heads must divide model.dim';
  if ((dim / heads) % 2 !== 0) return 'model.dim / model.heads must be even (rotary pairs)';
  if (heads % kv_heads !== 0) return 'model.kv_heads must divide model.heads';
  return undefined;
}

/** Identity of a network: a hash of the canonical JSON (sorted keys, no white space) of its genesis. */
export function genesisHash(genesis: Genesis): Hash {
  return taggedHash('pol/genesis/1', utf8(canonicalJson(genesis)));
}

/** Ascending. */
export function authorityAddresses(genesis: Genesis): readonly Uint8Array[] {
  return genesis.authorities.map((authority) => fromHex(authority.address as Hex, 20)).sort(compareBytes);
}

export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
