import type { Chain } from '../chain/chain.ts';
import type { TrainerDuty } from '../chain/duties/trainer.ts';
import type { Block, ConsensusMessage, FinalBlock, SignedOperation } from '../codec/types.ts';
import type { LearningService } from '../learning/types.ts';
import type { RequestProtocol } from '../network/network.ts';
import type { Clock } from '../primitives/clock.ts';
import type { Signer } from '../primitives/keys.ts';
import type { ProtocolContext } from '../protocol/context.ts';
import type { ProtocolState } from '../protocol/types.ts';
import type { BlobStore } from '../store/kv.ts';
import type { AdversaryKind } from './adversary-kinds.ts';
import type { SimulatedLearning, TrainingPolicy } from './learning/simulated-learning.ts';
import type { PeerNetwork } from './peer-network.ts';
import type { Random } from './random.ts';

/**
 * A way to cheat: one file each in adversaries/, listed in adversaries/all.ts. It holds one key, its own, and runs a
 * production node of which it replaces what it needs; it can do everything but sign for others.
 */
export interface Adversary extends Behaviour {
  readonly kind: AdversaryKind;
}

export interface Behaviour {
  /** Asked anew at each start of the node: what must survive a crash is kept in `tools.memory`. */
  corrupt(tools: AdversaryTools): Corruption;
}

export interface AdversaryTools {
  readonly signer: Signer;
  readonly context: ProtocolContext;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: PeerNetwork;
  readonly blobs: BlobStore;
  readonly learning: () => SimulatedLearning;
  readonly chain: () => Chain;
  readonly state: () => ProtocolState;
  readonly readyRound: () => number | undefined;
  /** Gossips any signed operation as it is, and pools it where the node's own rules let it. */
  readonly publish: (signed: SignedOperation) => void;
  /** Sends a consensus message to these nodes only. */
  readonly whisper: (message: ConsensusMessage, to: readonly number[]) => void;
  /** Any other key that this operator makes: addresses cost nothing. */
  readonly signerNamed: (name: string) => Signer;
  /** The production trainer duty for another key of this operator's. */
  readonly trainerFor: (signer: Signer) => TrainerDuty;
  /** Counts something for the report; summed over nodes and runs. */
  readonly note: (what: string, amount: number) => void;
  readonly index: number;
  readonly size: number;
  /** Kept over crashes. */
  readonly memory: Map<string, unknown>;
}

/** What differs from an honest node; all else runs as in production. */
export interface Corruption {
  /** Does not even start: a node that is silent for ever. */
  readonly dead?: boolean;
  readonly training?: TrainingPolicy;
  /** Wraps the learning engine that duties use. What is served to others stays that of the honest one. */
  readonly learning?: (honest: SimulatedLearning) => LearningService;
  /** The trainer's own duty does not run. */
  readonly withoutTrainerDuty?: boolean;
  /** The trainer's duty keeps its place, and trains and proves nothing. */
  readonly withoutTraining?: boolean;
  /** An operation of a duty's on its way out. */
  readonly submit?: (signed: SignedOperation, next: (signed: SignedOperation) => void) => void;
  /** A consensus message on its way out. */
  readonly speak?: (message: ConsensusMessage, next: (message: ConsensusMessage) => void) => void;
  readonly overhear?: (message: ConsensusMessage) => void;
  /** Answers a request in the place of the node; `honest` gives what the node would. A throw refuses. */
  readonly serve?: (request: ServeRequest, honest: () => Promise<Uint8Array>) => Promise<Uint8Array>;
  readonly onBlock?: (final: FinalBlock) => void;
  /** Sees blocks it builds; may change nothing, for they would not validate. */
  readonly onBuilt?: (block: Block) => void;
}

export interface ServeRequest {
  readonly protocol: RequestProtocol;
  readonly bytes: Uint8Array;
  /** Index of the asker. */
  readonly from: number;
}
