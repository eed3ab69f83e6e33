import type { StakeRequest } from '../contracts/stake-requests.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { Write } from '../store/kv.ts';
import type { ForkConfig } from './fork-config.ts';
import type { LogFilter } from './logs.ts';
import type { AccountOverride, BlockOverrides } from './overrides.ts';
import type { SimulatedBlock, Simulation } from './simulate.ts';
import type { TraceOptions } from './tracers/tracer.ts';
import type { AccessListItem } from './transaction-view.ts';

/** A slot that a block begins by setting, without a transaction. */
export interface SystemWrite {
  readonly address: Address;
  readonly slot: Uint8Array;
  readonly value: Uint8Array;
}

/** What consensus tells execution about the next block (the Engine API's PayloadAttributesV3). */
export interface PayloadAttributes {
  /** Unix seconds. */
  readonly timestamp: number;
  /** The learning protocol's beacon. */
  readonly prevRandao: Hash;
  readonly feeRecipient: Address;
  /** Rewards (EIP-4895); amounts in gwei; the chain numbers them. */
  readonly withdrawals: readonly { readonly index: bigint; readonly address: Address; readonly gwei: bigint }[];
  /** Hash of the parent consensus header (EIP-4788). */
  readonly parentBeaconBlockRoot: Hash;
  /** Facts for the training contract; none where the genesis has no training_view. The one thing that the Engine API does not know. */
  readonly systemWrites?: readonly SystemWrite[];
}

/** The layer in this process: what it commits is at hand. */
export interface EmbeddedEngine extends ExecutionEngine {
  commit(hash: Hash): readonly Write[];
}

export interface ExecutionHead {
  readonly number: number;
  readonly hash: Hash;
  readonly stateRoot: Hash;
  readonly timestamp: number;
  /** wei */
  readonly baseFeePerGas: bigint;
  /** wei: what the next block will ask (EIP-1559) */
  readonly nextBaseFeePerGas: bigint;
  readonly gasLimit: bigint;
  /** What its transactions asked of the stake contract, in their order. */
  readonly stakeRequests: readonly StakeRequest[];
}

export interface Payload {
  readonly hash: Hash;
  /** RLP of the Ethereum block with withdrawals. */
  readonly bytes: Uint8Array;
  readonly number: number;
  readonly stateRoot: Hash;
  readonly transactionCount: number;
}

/**
 * The execution layer under immediate finality: one chain, no forks. Candidates for the next height are built or
 * validated any number of times on top of the head; one is committed.
 */
export interface ExecutionEngine {
  readonly head: ExecutionHead;
  /** Genesis block's hash: number 0, made from the genesis allocation. */
  readonly genesisBlockHash: Hash;
  /**
   * Executes transactions in the given order and leaves out those that do not apply. `dropped` names the ones that a pool
   * should forget: malformed, of a nonce already used, or of a sender that cannot pay. A transaction that this block has no
   * room for, that offers less than the base fee, or that waits for an earlier nonce, is left out and not named.
   */
  build(attributes: PayloadAttributes, transactions: readonly Uint8Array[]): Promise<{ payload: Payload; dropped: readonly Hash[] }>;
  /**
   * Executes a block on the head and checks all roots, and that its attributes are the given ones.
   * @throws EXECUTION_INVALID_PAYLOAD with the rule broken
   */
  validate(bytes: Uint8Array, attributes: PayloadAttributes): Promise<Payload>;
  /**
   * The writes that make a built or validated payload the head. The caller puts them into its own atomic batch,
   * awaits it, and then calls `advance`; nothing is visible to readers before that.
   * @throws EXECUTION_UNKNOWN_PAYLOAD
   */
  commit(hash: Hash): readonly Write[] | Promise<readonly Write[]>;
  /** Moves the head to a payload whose writes are durable; other candidates are dropped. @throws EXECUTION_UNKNOWN_PAYLOAD */
  advance(hash: Hash): void;
  /**
   * The writes that make a block the head whose state was downloaded, and what to call once they are durable. The blocks before it
   * are not held; `ancestors` are the hashes that BLOCKHASH may ask for. The caller has held the bytes against a certificate.
   * @throws EXECUTION_STATE_MISSING
   */
  adopt(
    bytes: Uint8Array,
    ancestors: readonly { readonly number: number; readonly hash: Hash }[],
  ): { readonly writes: readonly Write[]; advance(): void };
  /** A payload's transactions, in order. @throws EXECUTION_BLOCK_MALFORMED */
  transactionsOf(bytes: Uint8Array): readonly TransactionSummary[];
  readonly reader: ExecutionReader;
}

/** Blocks before the head whose hashes the EVM can ask for. */
export const BLOCK_HASH_WINDOW = 256;

/** What the layers above ask of a transaction in a block: pools its name and sender, the protocol its deposits. */
export interface TransactionSummary {
  readonly hash: Hash;
  readonly from: Address;
  readonly to: Address | undefined;
  /** wei */
  readonly value: bigint;
}

/** Which state or block a question is about. All blocks are final, so safe = finalized = latest. */
export type BlockReference = number | Hash | 'latest';

export interface StoredTransaction {
  /** EIP-2718 bytes as signed. */
  readonly raw: Uint8Array;
  readonly hash: Hash;
  readonly blockNumber: number;
  readonly blockHash: Hash;
  readonly index: number;
}

export interface StoredReceipt {
  readonly transactionHash: Hash;
  readonly blockNumber: number;
  readonly blockHash: Hash;
  /** Unix seconds. */
  readonly blockTimestamp: number;
  readonly index: number;
  readonly type: number;
  readonly from: Address;
  readonly to: Address | undefined;
  readonly contractAddress: Address | undefined;
  readonly succeeded: boolean;
  /** In place of `succeeded` before Byzantium (EIP-658): never on this chain, but on imported ones. */
  readonly stateRoot: Hash | undefined;
  readonly gasUsed: bigint;
  readonly cumulativeGasUsed: bigint;
  readonly effectiveGasPrice: bigint;
  readonly logsBloom: Uint8Array;
  readonly logs: readonly {
    readonly address: Address;
    readonly topics: readonly Hash[];
    readonly data: Uint8Array;
    readonly logIndex: number;
  }[];
}

/** A message that nobody signed. Amounts in wei. */
export interface CallRequest {
  readonly from?: Address;
  readonly to?: Address;
  readonly value?: bigint;
  readonly data?: Uint8Array;
  readonly gas?: bigint;
  readonly nonce?: bigint;
  /** In place of the two fees after it. */
  readonly gasPrice?: bigint;
  readonly maxFeePerGas?: bigint;
  readonly maxPriorityFeePerGas?: bigint;
  readonly accessList?: readonly AccessListItem[];
  readonly maxFeePerBlobGas?: bigint;
  readonly blobVersionedHashes?: readonly Hash[];
  /** How many accounts it would let act by another's code (EIP-7702): they count for gas where the rules know them. */
  readonly authorizations?: number;
}

/** What a question pretends. */
export interface Overrides {
  readonly state?: readonly AccountOverride[];
  readonly block?: BlockOverrides;
}

export interface CallResult {
  readonly returnData: Uint8Array;
  readonly gasUsed: bigint;
  /** Set when execution failed: go-ethereum's name of the exception; 'execution reverted' with returnData. */
  readonly failure: string | undefined;
}

export interface AccessListResult {
  readonly accessList: readonly AccessListItem[];
  readonly gasUsed: bigint;
  readonly failure: string | undefined;
}

/** Merkle paths as RLP of nodes, from the root down (EIP-1186). */
export interface AccountProof {
  readonly address: Address;
  readonly accountProof: readonly Uint8Array[];
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly codeHash: Hash;
  readonly storageRoot: Hash;
  readonly storageProof: readonly { readonly slot: Uint8Array; readonly value: Uint8Array; readonly proof: readonly Uint8Array[] }[];
}

/** A log with its place. */
export interface StoredLog {
  readonly address: Address;
  readonly topics: readonly Hash[];
  readonly data: Uint8Array;
  readonly logIndex: number;
  readonly transactionHash: Hash;
  readonly transactionIndex: number;
  readonly blockNumber: number;
  readonly blockHash: Hash;
  /** Unix seconds. */
  readonly blockTimestamp: number;
}

/** Fees of the block after another, wei. */
export interface NextFees {
  readonly baseFeePerGas: bigint;
  readonly blobBaseFee: bigint;
}

/**
 * Read access for the APIs. Every answer is about a final block; a state or a block that is not known throws
 * EXECUTION_UNKNOWN_BLOCK, a missing transaction gives undefined. What executes code is bounded in gas, time and number, and
 * lets everything else of the thread have its turn (`limits.ts`).
 * @throws EXECUTION_HISTORY_ABSENT for a final block that this node, having joined later, never had
 */
export interface ExecutionReader {
  balance(address: Address, at?: BlockReference): Promise<bigint>;
  nonce(address: Address, at?: BlockReference): Promise<bigint>;
  code(address: Address, at?: BlockReference): Promise<Uint8Array>;
  storage(address: Address, slot: Uint8Array, at?: BlockReference): Promise<Uint8Array>;
  /** @throws EXECUTION_LIMIT above MAX_PROOF_SLOTS */
  proof(address: Address, slots: readonly Uint8Array[], at?: BlockReference): Promise<AccountProof>;
  call(request: CallRequest, at?: BlockReference, overrides?: Overrides): Promise<CallResult>;
  /** A gas limit with which the call succeeds, close to the least. @throws EXECUTION_REVERTED with the revert data */
  estimateGas(request: CallRequest, at?: BlockReference, overrides?: Overrides): Promise<bigint>;
  createAccessList(request: CallRequest, at?: BlockReference, overrides?: Overrides): Promise<AccessListResult>;
  /** Blocks that follow a block and are forgotten. @throws EXECUTION_SIMULATION_* */
  simulate(simulation: Simulation, at?: BlockReference): Promise<readonly SimulatedBlock[]>;
  /** What a final transaction did, as go-ethereum's tracers write it. @throws EXECUTION_NOT_TRACEABLE, EXECUTION_TIMEOUT */
  traceTransaction(hash: Hash, options: TraceOptions): Promise<unknown>;
  traceBlock(at: BlockReference, options: TraceOptions): Promise<readonly { readonly transactionHash: Hash; readonly result: unknown }[]>;
  traceCall(request: CallRequest, options: TraceOptions, at?: BlockReference, overrides?: Overrides): Promise<unknown>;
  blockHash(number: number): Hash | undefined;
  /** RLP of the Ethereum block; undefined when there is none. */
  block(at: BlockReference): Uint8Array | undefined;
  transaction(hash: Hash): StoredTransaction | undefined;
  receipt(hash: Hash): StoredReceipt | undefined;
  receipts(at: BlockReference): readonly StoredReceipt[] | undefined;
  /** Receipts of a block as its receipt trie holds them; undefined when there is no such block. */
  rawReceipts(at: BlockReference): readonly Uint8Array[] | undefined;
  /** Logs of blocks `from` to `to`, both included. @throws EXECUTION_LIMIT above MAX_LOGS or MAX_LOG_RANGE_BLOCKS */
  logs(filter: LogFilter, from: number, to: number): Promise<readonly StoredLog[]>;
  /** Newest first: hashes of transactions sent or received by an address. */
  transactionsOf(address: Address, limit: number): readonly Hash[];
  /** What the block after this one asks. */
  nextFees(at?: BlockReference): NextFees;
  /** wei for a unit of blob gas in a block; 0 where its rules know none. */
  blobBaseFee(at: BlockReference): bigint;
  /** Most blob gas that a block may use. */
  maxBlobGas(at: BlockReference): bigint;
  /** The rules that new blocks follow. */
  forkConfig(): ForkConfig;
}
