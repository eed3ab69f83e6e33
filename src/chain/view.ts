import type { Certificate, Header, SignedOperation } from '../codec/types.ts';
import type { CallRequest, ExecutionReader } from '../execution/engine.ts';
import type { TrainingProgress } from '../learning/types.ts';
import type { Operands } from '../numerics/backend.ts';
import type { Genesis } from '../params/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address, Signature } from '../primitives/keys.ts';
import type { ProtocolState, SettledRound } from '../protocol/types.ts';
import type { OwnRequest } from './duties/own-operations.ts';

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
  readonly operator: OperatorView;
  training(): TrainingStatus;
  peers(): readonly PeerView[];
  addresses(): readonly string[];
  readonly completions: CompletionService;
  /** Undefined: the plain one of networks whose tokenizer names none. */
  readonly chatTemplate: ChatTemplateSource | undefined;
  /** The files that the genesis names; undefined where its tokenizer is GPT-2's. */
  readonly tokenizerFiles: TokenizerFiles | undefined;
}

/** Contents of tokenizer.json and tokenizer_config.json. */
export interface TokenizerFiles {
  readonly tokenizer: string;
  readonly config: string;
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
    readonly accessList?: CallRequest['accessList'];
  }): Promise<Hash>;
}

/** What an operator does with the node's key in the learning protocol. */
export interface OperatorView {
  /** Signs and offers an operation until a block holds it; gives its identity. @throws CHAIN_OPERATION_REFUSED */
  submit(request: OwnRequest): Hash;
  /**
   * Tips of the hash chains that this node would decide with as an authority.
   * @param generation of the chains: one that was an authority before has shown elements of the first, and must name others
   */
  candidacy(generation: number): Promise<{ readonly tip: Hash; readonly secretTip: Hash }>;
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

/** How conversations become text, as `tokenizer_config.json` has it. */
export interface ChatTemplateSource {
  /** Jinja. */
  readonly template: string;
  /** Texts that end the assistant's turn. */
  readonly stops: readonly string[];
  /** `bos_token`, `eos_token` and others that templates name. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** What an answer must be, whole. */
export type Grammar =
  | { readonly literal: string }
  /** A JSON document valid for this schema, `true` for any; or, `leniently`, any object where the schema is not supported. */
  | { readonly json: unknown; readonly leniently?: boolean }
  /** ECMAScript's syntax, the regular part. */
  | { readonly regex: string }
  | { readonly sequence: readonly Grammar[] }
  | { readonly either: readonly Grammar[] };

/** How the next token is chosen from the model's logits, in this order of fields. */
export interface SamplingOptions {
  /** Divides positive logits, multiplies negative ones, of tokens in prompt or answer; 1 does nothing (arXiv:1909.05858). */
  readonly repetitionPenalty: number;
  /** Subtracted from logits of tokens in the answer: once, and once for each time. 0 does nothing. */
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** Added to logits. */
  readonly logitBias: readonly (readonly [token: number, bias: number])[];
  /** 0 takes the most likely token (the lowest id of equals). */
  readonly temperature: number;
  /** Only so many of the likeliest; 0: all. */
  readonly topK: number;
  /** Nucleus sampling (arXiv:1904.09751): the smallest set of tokens whose probabilities reach this. */
  readonly topP: number;
  /** Only tokens at least this probable relative to the likeliest (arXiv:2407.01082); 0: all. */
  readonly minP: number;
}

export interface CompletionRequest extends SamplingOptions {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  /** Two runs with one seed and choice over one model give one text; undefined: drawn. */
  readonly seed: number | undefined;
  /** Which of several answers to one request: each has randomness of its own. */
  readonly choice: number;
  readonly stop: readonly string[];
  readonly grammar: Grammar | undefined;
  /** Alternatives told with each token; undefined: not even its own probability. */
  readonly logprobs: number | undefined;
  /** Tell the prompt's probabilities, too. */
  readonly promptLogprobs: boolean;
  readonly signal: AbortSignal;
}

export interface TokenLogprob {
  readonly token: number;
  readonly bytes: Uint8Array;
  /** Natural, of the model's own distribution: before penalties, bias, temperature and grammar. */
  readonly logprob: number;
}

export interface TokenReport extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

/** A settled model: what the chain names (`modelRoot`, of both vectors), and the vectors' own roots. */
export interface ModelIdentity {
  readonly modelRoot: Hash;
  readonly weightsRoot: Hash;
  readonly momentumRoot: Hash;
  /** The round that settled it; -1 for the initial model. */
  readonly round: number;
}

/** A model that has answered, with its weights: a file of little-endian f32. */
export interface ServedModel extends ModelIdentity {
  readonly weightsPath: string;
}

/** Which model answered, with which randomness and arithmetic, so that anybody can compute the answer again. */
export interface Lineage extends ModelIdentity {
  readonly seed: number;
  readonly operands: Operands;
}

export type CompletionEvent =
  /** With `promptLogprobs`, first: all but the first token of the prompt, which nothing predicts. */
  | { readonly type: 'prompt'; readonly tokens: readonly TokenReport[] }
  /** Text that can be shown: never half a UTF-8 character, never a part of a stop sequence. `tokens` are those it shows, with `logprobs`. */
  | { readonly type: 'text'; readonly text: string; readonly tokens: readonly TokenReport[] }
  | ({
      readonly type: 'end';
      readonly reason: 'stop' | 'length';
      /** Every token made, those of a stop sequence as well. */
      readonly tokens: readonly number[];
      /** Prompt tokens whose keys and values were still held. */
      readonly cachedTokens: number;
    } & Lineage);

export interface CompletionStats {
  readonly running: number;
  readonly waiting: number;
}

/** Text from the settled model. Implemented by inference/, used by api/. */
export interface CompletionService {
  encode(text: string): Promise<readonly number[]>;
  decode(tokens: readonly number[]): Promise<string>;
  readonly contextLength: number;
  readonly vocabSize: number;
  complete(request: CompletionRequest): AsyncIterable<CompletionEvent>;
  /** Mean of the final norm's outputs over the tokens, scaled to length 1. */
  embed(tokens: readonly number[], signal: AbortSignal): Promise<{ readonly vector: readonly number[] } & ModelIdentity>;
  /** The model that answers now, kept as those that have answered. */
  settledModel(): Promise<ServedModel>;
  /** A model that answered not long ago. */
  servedModel(modelRoot: Hash): Promise<ServedModel | undefined>;
  stats(): CompletionStats;
}
