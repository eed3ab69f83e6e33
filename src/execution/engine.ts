import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { Write } from '../store/kv.ts';

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
  commit(hash: Hash): readonly Write[];
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
  readonly index: number;
  readonly type: number;
  readonly from: Address;
  readonly to: Address | undefined;
  readonly contractAddress: Address | undefined;
  readonly succeeded: boolean;
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

export interface CallRequest {
  readonly from?: Address;
  readonly to?: Address;
  readonly value?: bigint;
  readonly data?: Uint8Array;
  readonly gas?: bigint;
  readonly gasPrice?: bigint;
}

export interface CallResult {
  readonly returnData: Uint8Array;
  readonly gasUsed: bigint;
  /** Set when execution failed: 'revert' with returnData, or the EVM's exception. */
  readonly failure: string | undefined;
}

/**
 * Read access for the APIs. Every answer is about a final block. Unknown blocks or transactions give undefined.
 * @throws EXECUTION_HISTORY_ABSENT for a final block that this node, having joined later, never had
 */
export interface ExecutionReader {
  balance(address: Address, at?: BlockReference): Promise<bigint>;
  nonce(address: Address, at?: BlockReference): Promise<bigint>;
  code(address: Address, at?: BlockReference): Promise<Uint8Array>;
  storage(address: Address, slot: Uint8Array, at?: BlockReference): Promise<Uint8Array>;
  call(request: CallRequest, at?: BlockReference): Promise<CallResult>;
  /** Least gas limit with which the call succeeds (binary search). @throws EXECUTION_REVERTED with the revert data */
  estimateGas(request: CallRequest, at?: BlockReference): Promise<bigint>;
  blockHash(number: number): Hash | undefined;
  /** RLP of the Ethereum block. */
  block(at: BlockReference): Uint8Array | undefined;
  transaction(hash: Hash): StoredTransaction | undefined;
  receipt(hash: Hash): StoredReceipt | undefined;
  receipts(at: BlockReference): readonly StoredReceipt[] | undefined;
  /** Newest first: hashes of transactions sent or received by an address. */
  transactionsOf(address: Address, limit: number): readonly Hash[];
}
