import type { Certificate, Header, SignedOperation } from '../codec/types.ts';
import type { ExecutionReader } from '../execution/engine.ts';
import type { TrainingProgress } from '../learning/types.ts';
import type { Genesis } from '../params/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address, Signature } from '../primitives/keys.ts';
import type { ProtocolState, SettledRound } from '../protocol/types.ts';

/** All that the APIs see of a node: narrow, read-mostly, final blocks only. The composition root builds it. */
export interface NodeView {
  readonly identity: {
    readonly nodeId: string;
    readonly version: string;
    readonly address: Address;
    readonly isAuthority: boolean;
    readonly trainingEnabled: boolean;
    readonly genesis: Genesis;
    readonly genesisHash: Hash;
    /** Unix milliseconds. */
    readonly startedAt: number;
    readonly backend: string;
    readonly parameters: number;
  };
  readonly chain: ChainView;
  readonly execution: ExecutionReader;
  readonly wallet: WalletView;
  training(): TrainingStatus;
  peers(): readonly PeerView[];
  addresses(): readonly string[];
  readonly completions: CompletionService;
}

export interface ChainView {
  /** Undefined at height 0: the genesis has no block of ours. */
  head(): { readonly height: number; readonly hash: Hash; readonly header: Header | undefined };
  /** True while blocks that peers have are still being fetched. */
  syncing(): { readonly current: number; readonly highest: number } | undefined;
  state(): ProtocolState;
  /** Consensus side of a block. */
  block(height: number):
    | {
        readonly header: Header;
        readonly hash: Hash;
        readonly certificate: Certificate;
        readonly operations: readonly SignedOperation[];
        readonly modelRoot: Hash;
      }
    | undefined;
  settledRound(round: number): SettledRound | undefined;
  onBlock(listener: (height: number) => void): () => void;
  /** Validates, pools and gossips a signed transaction. @throws POOL_* */
  submitTransaction(raw: Uint8Array): Promise<Hash>;
  /** Readies transactions that are about to be submitted one by one: together they cost less. */
  expectTransactions(raws: readonly Uint8Array[]): Promise<void>;
  pooled(hash: Hash): Uint8Array | undefined;
  /** Next nonce of an account, pooled transactions counted. */
  pendingNonce(address: Address): Promise<bigint>;
  readonly poolSize: number;
  /** EIP-2718 bytes of pooled transactions: those the next block could hold, and those that wait for an earlier nonce. */
  poolContent(): { readonly pending: readonly Uint8Array[]; readonly queued: readonly Uint8Array[] };
  /** Calls back with each transaction that is pooled. */
  onTransaction(listener: (hash: Hash) => void): () => void;
}

/** The node's own account. */
export interface WalletView {
  readonly address: Address;
  /** Signs a digest. Whoever calls this has seen that it is not a transaction's that nobody wanted. */
  sign(digest: Hash): Signature;
  /** Fills nonce, gas and fees where absent, signs as EIP-1559, submits. */
  send(request: {
    readonly to: Address | undefined;
    readonly value?: bigint;
    readonly data?: Uint8Array;
    readonly gas?: bigint;
    readonly maxFeePerGas?: bigint;
    readonly maxPriorityFeePerGas?: bigint;
    readonly nonce?: bigint;
  }): Promise<Hash>;
}

/** Of a trainer: the share of its last rounds' time that went into training steps. */
export interface Utilisation {
  /** Within [0, 1]; undefined before a whole round. */
  readonly share: number | undefined;
  /** Rounds that it is the mean of, by time. */
  readonly rounds: number;
}

export interface TrainingStatus {
  readonly enabled: boolean;
  readonly active: boolean;
  readonly progress: TrainingProgress | undefined;
  readonly utilisation: Utilisation | undefined;
  /** Training loss at the end of each of this node's rounds, newest last, at most 256. */
  readonly history: readonly { readonly round: number; readonly loss: number; readonly heldOutLoss: number | undefined }[];
}

export interface PeerView {
  readonly id: string;
  readonly nodeId: string | undefined;
  readonly account: string | undefined;
  readonly remoteAddress: string;
  readonly direction: 'inbound' | 'outbound';
  readonly height: number;
}

export interface CompletionRequest {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number | undefined;
  readonly stop: readonly string[];
  readonly signal: AbortSignal;
}

export type CompletionEvent =
  /** Text that can be shown: never half a UTF-8 character, never a part of a stop sequence. */
  | { readonly type: 'text'; readonly text: string; readonly tokens: number }
  | {
      readonly type: 'end';
      readonly reason: 'stop' | 'length';
      readonly completionTokens: number;
      readonly modelRoot: Hash;
      readonly round: number;
    };

/** Text from the settled model. Implemented by inference/, used by api/. */
export interface CompletionService {
  encode(text: string): Promise<readonly number[]>;
  readonly contextLength: number;
  complete(request: CompletionRequest): AsyncIterable<CompletionEvent>;
}
