import type { Genesis } from '../../params/genesis.ts';
import { ARITHMETIC, parseGenesis } from '../../params/genesis.ts';
import { toHex } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { type Signer, signerFromPrivateKey } from '../../primitives/keys.ts';
import { WEI_PER_GWEI, WEI_PER_POL } from '../../primitives/units.ts';
import type { KeyValueStore } from '../../store/kv.ts';
import { createMemoryStore } from '../../store/memory.ts';
import { chainRules } from '../chain-rules.ts';
import { createExecutionEngine } from '../create-engine.ts';
import type { ExecutionEngine, Payload, PayloadAttributes } from '../engine.ts';
import type { ChainContext } from '../machine.ts';
import { signTransaction, type TransactionFields } from '../transactions.ts';

/** A small network for tests of execution: its learning part is valid and not used. */
export const CHAIN_ID = 31_337;
export const GENESIS_TIME = 1_700_000_000;
export const RICH_BALANCE = 1000n * WEI_PER_POL;

export const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
export const signerOf = (n: number): Signer => signerFromPrivateKey(keyOf(n));
/** Two accounts with money, and one without. */
export const alice = signerOf(1);
export const bob = signerOf(2);
export const carol = signerOf(3);
export const proposer = signerOf(9).address;

/** What a reader of this network's blocks needs to know of it. */
export function readingContext(gasLimit = 30_000_000n): ChainContext {
  const rules = chainRules(BigInt(CHAIN_ID));
  return {
    rules,
    rulesAt: () => rules,
    hasBlobs: false,
    precompiles: [],
    chainId: CHAIN_ID,
    gasLimit,
    executionGasLimit: gasLimit,
    blockHash: () => undefined,
  };
}

export function testGenesis(overrides: Partial<Genesis> = {}): Genesis {
  const zero = toHex(new Uint8Array(32));
  return parseGenesis({
    format: 'pol-genesis-1',
    arithmetic: ARITHMETIC,
    name: 'execution test',
    chain_id: CHAIN_ID,
    timestamp: GENESIS_TIME,
    authorities: [{ address: toHex(proposer), onion_tip: zero, secret_onion_tip: zero }],
    alloc: { [toHex(alice.address)]: RICH_BALANCE.toString(), [toHex(bob.address)]: RICH_BALANCE.toString() },
    gas_limit: 30_000_000,
    base_fee_per_gas: WEI_PER_GWEI.toString(),
    block_interval_ms: 1000,
    model: {
      vocab_size: 256,
      dim: 16,
      layers: 1,
      heads: 1,
      kv_heads: 1,
      hidden_dim: 16,
      context_length: 8,
      tied_embeddings: true,
      rope_theta: 10_000,
      norm_eps: 1e-5,
    },
    tokenizer: { kind: 'gpt2' },
    data: { source: 'file:none', root: zero, tokens: 1000, held_out_tokens: 10 },
    learning: {
      batch_size: 1,
      learning_rate: 0.001,
      warmup_steps: 1,
      total_steps: 10,
      decay_fraction: 0.1,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weight_decay: 0,
      clip_norm: 1,
      outer_learning_rate: 0.7,
      outer_momentum: 0.9,
      init_seed: zero,
    },
    rounds: {
      blocks_per_round: 10,
      submit_blocks: 3,
      reveal_blocks: 2,
      steps_per_segment: 1,
      max_segments: 4,
      vote_blocks: 1,
      dispute_blocks: 2,
      probation_segments: 4,
      checks_per_authority: 2,
      max_trainers: 4,
    },
    rewards: {
      emission_per_round: '1000000000',
      halving_rounds: 100,
      trainer_percent: 80,
      authority_percent: 20,
      bounty_percent: 0,
      max_reward_per_token: '1',
      emission_floor_percent: 100,
      improvement_target_ppm: 1000,
      gate_tolerance_ppm: 50_000,
    },
    stakes: {},
    staking: { unbonding_rounds: 2, minimum_deposit: '1000000000' },
    ...overrides,
  });
}

export interface TestChain {
  readonly engine: ExecutionEngine;
  readonly store: KeyValueStore;
}

export async function openChain(store: KeyValueStore = createMemoryStore(), genesis: Genesis = testGenesis()): Promise<TestChain> {
  return { engine: await createExecutionEngine({ genesis }, { store }), store };
}

/** Attributes of the block after the head, one second later. */
export function attributesAfter(engine: ExecutionEngine, overrides: Partial<PayloadAttributes> = {}): PayloadAttributes {
  const number = engine.head.number + 1;
  return {
    timestamp: engine.head.timestamp + 1,
    prevRandao: new Uint8Array(32).fill(number % 256),
    feeRecipient: proposer,
    withdrawals: [],
    parentBeaconBlockRoot: new Uint8Array(32).fill(0xbb),
    ...overrides,
  };
}

export async function makeHead({ engine, store }: TestChain, hash: Hash): Promise<void> {
  await store.write(engine.commit(hash));
  engine.advance(hash);
}

/** Builds a block of these transactions and makes it the head. */
export async function extend(
  chain: TestChain,
  transactions: readonly Uint8Array[] = [],
  overrides: Partial<PayloadAttributes> = {},
): Promise<{ readonly payload: Payload; readonly attributes: PayloadAttributes; readonly dropped: readonly Hash[] }> {
  const attributes = attributesAfter(chain.engine, overrides);
  const { payload, dropped } = await chain.engine.build(attributes, transactions);
  await makeHead(chain, payload.hash);
  return { payload, attributes, dropped };
}

/** A transfer of 1 wei to carol by default, with ample fees. */
export function signed(signer: Signer, fields: Partial<TransactionFields> = {}): Uint8Array {
  return signTransaction(
    {
      chainId: CHAIN_ID,
      nonce: 0n,
      gasLimit: 21_000n,
      maxFeePerGas: 10n * WEI_PER_GWEI,
      maxPriorityFeePerGas: WEI_PER_GWEI,
      to: carol.address,
      value: 1n,
      data: new Uint8Array(0),
      ...fields,
    },
    signer,
  );
}
