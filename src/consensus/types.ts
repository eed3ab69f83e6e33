import type { Block, ConsensusMessage, ConsensusVote, FinalBlock, Proposal } from '../codec/types.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';

/**
 * BFT with immediate finality in the Tendermint family (arXiv:1807.04938): propose, prevote, precommit, locking, rounds
 * with growing timeouts. Pure: `step(state, event)` gives the next state and the effects; no clock, no keys, no I/O.
 */
export interface ConsensusOptions {
  readonly genesisHash: Hash;
  /** Ascending by address. */
  readonly authorities: readonly Address[];
  /** This node's address when it is an authority; undefined follows without voting. */
  readonly self: Address | undefined;
  readonly timeouts: ConsensusTimeouts;
}

/** Milliseconds; each grows by its delta a round. */
export interface ConsensusTimeouts {
  readonly proposeMs: number;
  readonly proposeDeltaMs: number;
  readonly prevoteMs: number;
  readonly prevoteDeltaMs: number;
  readonly precommitMs: number;
  readonly precommitDeltaMs: number;
  /** How often own messages of the height are sent again while it is undecided. */
  readonly resendMs: number;
}

export type TimeoutKind = 'propose' | 'prevote' | 'precommit' | 'resend';

/** Messages arrive with their signatures already checked (the driver does it, off the state machine). */
export type ConsensusEvent =
  /** Starts a height (after the block interval has passed); `recovered` is what the write-ahead log holds of it. */
  | { readonly type: 'start'; readonly height: number; readonly recovered: readonly WalRecord[] }
  | { readonly type: 'message'; readonly message: ConsensusMessage }
  | { readonly type: 'timeout'; readonly kind: TimeoutKind; readonly height: number; readonly round: number }
  /** Answer to a `build` effect. */
  | { readonly type: 'built'; readonly height: number; readonly round: number; readonly block: Block }
  /** Answer to a `validate` effect. */
  | { readonly type: 'validated'; readonly height: number; readonly blockHash: Hash; readonly valid: boolean }
  /** Answer to a `commit` of a block that was not validated here, when the application refused it: another body of it is awaited. */
  | { readonly type: 'refused'; readonly height: number; readonly blockHash: Hash };

export type ConsensusEffect =
  | { readonly type: 'build'; readonly height: number; readonly round: number }
  | { readonly type: 'validate'; readonly block: Block; readonly blockHash: Hash }
  /** Sign, write to the log and only then send. */
  | { readonly type: 'signVote'; readonly vote: Omit<ConsensusVote, 'signature'>; readonly lock: LockState }
  | { readonly type: 'signProposal'; readonly proposal: Omit<Proposal, 'signature'> }
  /** Send messages that were already signed again. */
  | { readonly type: 'resend'; readonly messages: readonly ConsensusMessage[] }
  | { readonly type: 'schedule'; readonly kind: TimeoutKind; readonly height: number; readonly round: number; readonly ms: number }
  /**
   * `validated` is false when 67 % precommitted what this node had refused: it may lack an update they hold, or have
   * got another body under the same header.
   */
  | { readonly type: 'commit'; readonly final: FinalBlock; readonly validated: boolean }
  /** Two different signed messages of one authority for one place: proof of a double vote. */
  | { readonly type: 'evidence'; readonly first: ConsensusMessage; readonly second: ConsensusMessage };

/** What a restart must know so as never to contradict itself. */
export interface LockState {
  readonly lockedRound: number | undefined;
  readonly lockedBlockHash: Hash | undefined;
  readonly validRound: number | undefined;
  /** Kept whole so that it can be proposed again after a restart. */
  readonly validBlock: Block | undefined;
  /** The prevote quorum of `validRound`: without it a restarted authority could not convince the others to follow its lock. */
  readonly justification: readonly ConsensusVote[];
}

/** Written durably before the message leaves the node. */
export type WalRecord =
  | { readonly type: 'vote'; readonly vote: ConsensusVote; readonly lock: LockState }
  | { readonly type: 'proposal'; readonly proposal: Proposal };

export interface WriteAheadLog {
  append(record: WalRecord): Promise<void>;
  /** Records of heights ≥ `height`, oldest first. A torn last record is dropped. */
  read(height: number): Promise<readonly WalRecord[]>;
  /** Drops records below a height that is final. */
  prune(height: number): Promise<void>;
}

/** What the chain does for consensus. */
export interface BlockApplication {
  build(height: number, signal: AbortSignal): Promise<Block>;
  /** Full check of a candidate on top of the head; false (with a logged reason) when it breaks a rule. */
  validate(block: Block): Promise<boolean>;
  /**
   * Applies durably. Idempotent for the height already applied. Checks every rule but availability itself: 67 % may have
   * finalised a block that `validate` refused here, or never saw.
   */
  commit(final: FinalBlock): Promise<void>;
}

/** Runs the state machine against a clock, a network and an application: the same code in production and in the simulator. */
export interface ConsensusDriver {
  /** Begins after `head`; call again with the new head when sync has imported blocks past it. */
  startAfter(height: number): Promise<void>;
  /** A message from the network: signature, membership and place are checked here. */
  receive(message: ConsensusMessage): Promise<'accept' | 'ignore' | 'reject'>;
  /** Height and round now worked on. */
  readonly position: { readonly height: number; readonly round: number };
  stop(): Promise<void>;
}
