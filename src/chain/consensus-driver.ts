import { bodyMatchesHeader, headerHash } from '../codec/blocks.ts';
import { signProposal, verifyProposal } from '../codec/consensus-messages.ts';
import type { ConsensusMessage, FinalBlock } from '../codec/types.ts';
import { signVote, verifyVote } from '../codec/votes.ts';
import { hasOneHonest } from '../consensus/authorities.ts';
import { createEarlyMessages } from '../consensus/early-messages.ts';
import { consensusError } from '../consensus/errors.ts';
import { isKnown, misplaced, placeOf } from '../consensus/intake.ts';
import { step } from '../consensus/machine.ts';
import { type ConsensusState, initialState } from '../consensus/state.ts';
import type {
  BlockApplication,
  ConsensusDriver,
  ConsensusEffect,
  ConsensusEvent,
  ConsensusOptions,
  WalRecord,
  WriteAheadLog,
} from '../consensus/types.ts';
import { voteKey } from '../consensus/vote-set.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address, SignatureCheck, Signer } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import { createMutex } from './mutex.ts';

export interface ConsensusDriverOptions extends Omit<ConsensusOptions, 'authorities'> {
  /** Who decides on the block of a height, ascending: of the next one when that one's parent is final, and of the one after it. */
  readonly authoritiesAt: (height: number) => readonly Address[];
  /** From the start of one height to the start of the next, when the first is decided by then. */
  readonly blockIntervalMs: number;
}

export interface ConsensusDriverDependencies {
  readonly clock: Clock;
  /** The key of `self`; needed only by an authority. */
  readonly signer?: Signer | undefined;
  readonly wal: WriteAheadLog;
  readonly application: BlockApplication;
  /** Hands a message to the network, without waiting for it. */
  readonly broadcast: (message: ConsensusMessage) => void;
  readonly log: Logger;
  /** Two different signed messages of one authority for one place. */
  readonly onEvidence?: (first: ConsensusMessage, second: ConsensusMessage) => void;
  /** Consensus has stopped itself: the node should exit, for it can neither apply nor sign safely. */
  readonly onFailure?: (error: Error) => void;
  /** secp256k1 unless a simulation brings a faster check. */
  readonly isSignedBy?: SignatureCheck | undefined;
}

/** Header timestamps are whole seconds and must grow: a height starts at most this much late for that. */
const TIMESTAMP_STEP_MS = 1_000;

/**
 * Runs the consensus state machine: one queue of events, each with its effects carried out before the next. Building and
 * validating happen beside the queue and come back as events. Nothing is sent before it is durable in the log.
 * @throws CONSENSUS_SIGNER_MISMATCH
 */
export function createConsensusDriver(options: ConsensusDriverOptions, dependencies: ConsensusDriverDependencies): ConsensusDriver {
  const { clock, wal, application, broadcast, log, onEvidence, onFailure } = dependencies;
  const { authoritiesAt, genesisHash, blockIntervalMs, ...machine } = options;
  const signer = signerOf(options, dependencies.signer);

  const serial = createMutex();
  const early = createEarlyMessages();
  const timers = new Set<() => void>();
  /** What was signed at this height, by place: the last guard against contradicting it. */
  const signed = new Map<string, string>();
  let state: ConsensusState = initialState({ ...machine, genesisHash, authorities: [] });
  /** The height worked on, or waited for while `active` is false. */
  let height = 0;
  let active = false;
  let startedAt: number | undefined;
  let building: { readonly round: number; readonly controller: AbortController } | undefined;
  let halted: Error | undefined;

  function enqueue(task: () => Promise<void>): Promise<void> {
    return serial.run(async () => {
      if (halted !== undefined) return;
      try {
        await task();
      } catch (error) {
        fail(error instanceof Error ? error : new Error(messageOf(error)));
      }
    });
  }

  function after(ms: number, task: () => Promise<void>): void {
    const cancel = clock.after(Math.max(0, ms), () => {
      timers.delete(cancel);
      void enqueue(task);
    });
    timers.add(cancel);
  }

  function leaveHeight(): void {
    active = false;
    for (const cancel of timers) cancel();
    timers.clear();
    building?.controller.abort();
    building = undefined;
  }

  function halt(reason: Error): void {
    halted = reason;
    leaveHeight();
  }

  function fail(error: Error): void {
    if (halted !== undefined) return;
    halt(error);
    log.error({ err: error, height }, 'consensus stopped: nothing more is signed until the node is restarted');
    onFailure?.(error);
  }

  /** Waits for a height; its messages are kept until it begins. */
  function awaitHeight(next: number, at: number): void {
    leaveHeight();
    height = next;
    after(at - clock.now(), () => begin(next));
  }

  async function begin(next: number): Promise<void> {
    if (active || next !== height) return;
    const recovered = await readLog(next);
    signed.clear();
    for (const record of recovered) signed.set(...placeAndContent(record));
    startedAt = clock.now();
    state = initialState({ ...machine, genesisHash, authorities: authoritiesAt(next) });
    active = true;
    await advance({ type: 'start', height: next, recovered });
    for (const message of early.take(next)) await advance({ type: 'message', message });
  }

  /** Where more than one third have begun a height an honest one has: waiting longer would only keep this node behind them. */
  function keepForLater(message: ConsensusMessage): void {
    early.add(message);
    const awaited = height;
    if (active || placeOf(message).height !== awaited) return;
    if (hasOneHonest(early.authors(awaited), authoritiesAt(awaited).length)) void enqueue(() => begin(awaited));
  }

  async function advance(first: ConsensusEvent): Promise<void> {
    const events = [first];
    for (let event = events.shift(); event !== undefined && halted === undefined; event = events.shift()) {
      // A late answer or message of a height that sync has passed meanwhile.
      if (!active) return;
      const transition = step(state, event);
      state = transition.state;
      if (building !== undefined && building.round !== state.round) building.controller.abort();
      for (const effect of transition.effects) {
        if (halted !== undefined) return;
        const answer = await perform(effect);
        if (answer !== undefined) events.push(answer);
      }
    }
  }

  /** Carries out one effect; what it makes this node say itself comes back as an event. */
  async function perform(effect: ConsensusEffect): Promise<ConsensusEvent | undefined> {
    switch (effect.type) {
      case 'build':
        return build(effect.height, effect.round);
      case 'validate':
        return validate(effect);
      case 'signVote': {
        const vote = signVote(effect.vote, genesisHash, requireSigner());
        return say({ type: 'vote', vote, lock: effect.lock }, { kind: 'vote', vote });
      }
      case 'signProposal': {
        const proposal = signProposal(effect.proposal, genesisHash, requireSigner());
        return say({ type: 'proposal', proposal }, { kind: 'proposal', proposal });
      }
      case 'resend':
        for (const message of effect.messages) send(message);
        return undefined;
      case 'schedule': {
        const { kind, height, round } = effect;
        after(effect.ms, () => advance({ type: 'timeout', kind, height, round }));
        return undefined;
      }
      case 'commit':
        return commit(effect.final, effect.validated);
      case 'evidence':
        log.warn({ authority: toHex(placeOf(effect.first).authority), height }, 'an authority signed two messages for one place');
        report(effect.first, effect.second);
        return undefined;
    }
  }

  /** Durable first, then on the wire, then counted here. */
  async function say(record: WalRecord, message: ConsensusMessage): Promise<ConsensusEvent> {
    const [place, content] = placeAndContent(record);
    const before = signed.get(place);
    if (before !== undefined && before !== content) {
      throw consensusError('CONSENSUS_CONTRADICTION', `height ${height}: ${place} was signed already for another block`);
    }
    signed.set(place, content);
    try {
      await wal.append(record);
    } catch (cause) {
      throw consensusError('CONSENSUS_LOG_FAILED', `the write-ahead log cannot be written: ${messageOf(cause)}; check the disk`, { cause });
    }
    send(message);
    return { type: 'message', message };
  }

  /** A message that does not leave is said again by the resend timer; it is counted here in any case. */
  function send(message: ConsensusMessage): void {
    if (halted !== undefined) return;
    try {
      broadcast(message);
    } catch (error) {
      log.warn({ err: error, height }, 'a consensus message could not be sent');
    }
  }

  function report(first: ConsensusMessage, second: ConsensusMessage): void {
    try {
      onEvidence?.(first, second);
    } catch (error) {
      log.warn({ err: error, height }, 'evidence of a double vote could not be kept');
    }
  }

  function build(at: number, round: number): undefined {
    building?.controller.abort();
    const controller = new AbortController();
    building = { round, controller };
    application.build(at, controller.signal).then(
      (block) => enqueue(() => advance({ type: 'built', height: at, round, block })),
      (error) => {
        if (!controller.signal.aborted) log.warn({ err: error, height: at, round }, 'no block could be built; the next proposer will');
      },
    );
    return undefined;
  }

  function validate({ block, blockHash }: Extract<ConsensusEffect, { type: 'validate' }>): undefined {
    const at = height;
    const answer = (valid: boolean) => enqueue(() => advance({ type: 'validated', height: at, blockHash, valid }));
    application.validate(block).then(answer, (error) => {
      log.error({ err: error, height: at, block: toHex(blockHash) }, 'a proposed block could not be judged; it gets no vote');
      return answer(false);
    });
    return undefined;
  }

  async function commit(final: FinalBlock, validated: boolean): Promise<ConsensusEvent | undefined> {
    const { header } = final.block;
    const { blockHash } = final.certificate;
    try {
      await application.commit(final);
    } catch (cause) {
      const why = `block ${header.height} is final and cannot be applied: ${messageOf(cause)}`;
      if (validated) throw consensusError('CONSENSUS_COMMIT_FAILED', why, { cause });
      log.warn({ err: cause, height: header.height, block: toHex(blockHash) }, `${why}; waiting for another copy of it`);
      return { type: 'refused', height: header.height, blockHash };
    }
    if (halted !== undefined) return undefined;
    const interval = (startedAt ?? clock.now()) + blockIntervalMs;
    const timestamp = Math.min((header.timestamp + 1) * 1_000, clock.now() + TIMESTAMP_STEP_MS);
    awaitHeight(header.height + 1, Math.max(interval, timestamp));
    await forget(header.height + 1);
    return undefined;
  }

  /** Old records only cost space, so that failing to drop them is no reason to stop. */
  async function forget(below: number): Promise<void> {
    try {
      await wal.prune(below);
    } catch (error) {
      log.warn({ err: error, height: below }, 'the write-ahead log could not be shortened');
    }
  }

  async function readLog(from: number): Promise<readonly WalRecord[]> {
    try {
      return (await wal.read(from)).filter((record) => heightOf(record) === from);
    } catch (cause) {
      throw consensusError('CONSENSUS_LOG_FAILED', `the write-ahead log cannot be read: ${messageOf(cause)}`, { cause });
    }
  }

  function requireSigner(): Signer {
    if (signer === undefined) throw consensusError('CONSENSUS_SIGNER_MISMATCH', 'a node without an authority’s key was to sign');
    return signer;
  }

  return {
    startAfter(head) {
      if (halted !== undefined) return Promise.reject(consensusError('CONSENSUS_STOPPED', `consensus is stopped: ${halted.message}`));
      return enqueue(async () => {
        // Behind what is worked on already, or the very same.
        if (head + 1 <= height) return;
        // A head that sync brought was decided just now as far as this node knows; the first start waits for nothing.
        const first = height === 0;
        awaitHeight(head + 1, first ? clock.now() : clock.now() + blockIntervalMs);
        await forget(head + 1);
      });
    },

    async receive(message) {
      if (halted !== undefined) return 'ignore';
      // 1. It is of this height, or of the next: who may speak of others is not known.
      const place = placeOf(message);
      const now = active && place.height === height;
      const soon = place.height === height + 1 || (!active && place.height === height);
      if (!now && !soon) return 'ignore';
      // 2. An honest authority could have sent it, and it is new.
      const reason = misplaced(message, authoritiesAt(place.height));
      if (reason !== undefined) {
        log.debug({ reason, kind: message.kind }, 'a consensus message was rejected');
        return 'reject';
      }
      if (now && state.decided) return 'ignore';
      if (now ? isKnown(state, message) : early.has(message)) return 'ignore';
      // 3. Its author signed it, and its block is the one that its header describes.
      if (message.kind === 'proposal' && !bodyMatchesHeader(message.proposal.block)) return 'reject';
      if (!isAuthentic(message, genesisHash, dependencies.isSignedBy)) return 'reject';
      if (now) void enqueue(() => advance({ type: 'message', message }));
      else keepForLater(message);
      return 'accept';
    },

    get position() {
      return { height, round: active ? state.round : 0 };
    },

    async stop() {
      halt(consensusError('CONSENSUS_STOPPED', 'stopped'));
      await serial.run(async () => {});
    },
  };
}

function signerOf({ self }: Pick<ConsensusOptions, 'self'>, signer: Signer | undefined): Signer | undefined {
  if (self === undefined) return undefined;
  if (signer === undefined || !equalBytes(signer.address, self)) {
    throw consensusError('CONSENSUS_SIGNER_MISMATCH', `authority ${toHex(self)} needs its own key to sign with; check key_file`);
  }
  return signer;
}

function isAuthentic(message: ConsensusMessage, genesisHash: Hash, isSignedBy: SignatureCheck | undefined): boolean {
  return message.kind === 'vote'
    ? verifyVote(message.vote, genesisHash, isSignedBy)
    : verifyProposal(message.proposal, genesisHash, isSignedBy);
}

function heightOf(record: WalRecord): number {
  return record.type === 'vote' ? record.vote.height : record.proposal.height;
}

/** Where a signature stands and what it is for: a second content for one place is a contradiction. */
function placeAndContent(record: WalRecord): [place: string, content: string] {
  if (record.type === 'vote') return [`${record.vote.type} of round ${record.vote.round}`, voteKey(record.vote.blockHash)];
  const { round, validRound, block } = record.proposal;
  return [`proposal of round ${round}`, `${validRound ?? 'new'}/${toHex(headerHash(block.header))}`];
}
