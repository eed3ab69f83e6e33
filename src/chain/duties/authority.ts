import { signOperation } from '../../codec/operations.ts';
import type { SignedOperation, Verdict } from '../../codec/types.ts';
import type { LearningService, ProofSource } from '../../learning/types.ts';
import type { Genesis } from '../../params/genesis.ts';
import { equalBytes, toHex } from '../../primitives/bytes.ts';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { Signer } from '../../primitives/keys.ts';
import type { Logger } from '../../primitives/log.ts';
import { challengedSegments } from '../../protocol/challenges.ts';
import type { Onion } from '../../protocol/onion.ts';
import type { ProtocolState, SealedRound } from '../../protocol/types.ts';

/** What an authority does beside block consensus: reveals its randomness, re-executes challenged segments, votes. */
export interface AuthorityDuty {
  /** Call after each final block and whenever the model became ready. */
  tick(): void;
  /** Nothing is said or begun any more. A check under way ends with the learning service. */
  stop(): Promise<void>;
}

export interface AuthorityDutyDependencies {
  readonly learning: LearningService;
  readonly proofs: ProofSource;
  readonly signer: Signer;
  readonly onion: Onion;
  readonly state: () => ProtocolState;
  readonly readyRound: () => number | undefined;
  /** Pools and gossips what the next block can carry; offered again at each block until one holds it. */
  readonly submit: (signed: SignedOperation) => void;
  readonly log: Logger;
}

/** Blocks before the boundary at which a vote is cast with what is found: it still has to reach a block. */
const VOTE_MARGIN_BLOCKS = 3;

const UNCHECKED: Verdict = { kind: 'unchecked' };

/** What is known of the round being checked: an error or a deadline in the middle loses nothing of it. */
interface Findings {
  readonly round: number;
  /** In the order of the sealed list. */
  readonly verdicts: Verdict[];
  /** Of the model that was settled when the round was sealed. */
  measurement: { readonly loss: number; readonly accuracy: number } | undefined;
}

/**
 * The same for all authorities and another in each round: when time is short they have checked the same proofs, which can
 * then be accepted, and no trainer is always last.
 */
function checkingOrder(challengeSeed: Hash, proofs: number): readonly number[] {
  const first = proofs === 0 ? 0 : ((challengeSeed[0] as number) * 256 + (challengeSeed[1] as number)) % proofs;
  return Array.from({ length: proofs }, (_, i) => (first + i) % proofs);
}

export function createAuthorityDuty(
  options: { readonly genesis: Genesis; readonly genesisHash: Hash },
  dependencies: AuthorityDutyDependencies,
): AuthorityDuty {
  const { genesis, genesisHash } = options;
  const { learning, proofs, signer, onion, state, readyRound, submit, log } = dependencies;
  const self = signer.address;
  let checking = false;
  let found: Findings = { round: -1, verdicts: [], measurement: undefined };
  let vote: SignedOperation | undefined;
  /** A round that this node cannot judge. */
  let abstainedRound = -1;
  let stopped = false;

  function reveal(current: ProtocolState, sealed: SealedRound): void {
    const record = current.authorities.find((authority) => equalBytes(authority.address, self));
    if (record === undefined || record.revealedRound >= sealed.number) return;
    const windowEnds = sealed.sealedAt + genesis.rounds.reveal_blocks;
    if (current.height < sealed.sealedAt || current.height >= windowEnds) return;
    const preimage = onion.preimageOf(record.onion);
    if (preimage === undefined) {
      log.error({}, 'the hash chain of this authority is used up: it cannot add to the beacon any more');
      return;
    }
    submit(signOperation({ type: 'reveal', authority: self, round: sealed.number, preimage }, genesisHash, signer));
  }

  /** A vote on a round that another boundary has settled would be in no block. */
  const isOver = (round: number) => stopped || state().sealed?.number !== round;

  async function check(sealed: SealedRound, challengeSeed: Hash): Promise<void> {
    const { number: round, beacon, roster, startRoot } = sealed;
    if (found.round !== round) found = { round, verdicts: sealed.proofs.map(() => UNCHECKED), measurement: undefined };
    const { verdicts } = found;
    // First, and quick: then there is something to vote with whenever time is up. A boundary that exchanges the model ends the round.
    found.measurement = await learning.evaluate();
    for (const index of checkingOrder(challengeSeed, sealed.proofs.length)) {
      if (isOver(round) || vote?.operation.round === round) return;
      const proof = sealed.proofs[index];
      if (proof === undefined || verdicts[index] !== UNCHECKED) continue;
      const segments = challengedSegments(challengeSeed, proof, genesis);
      const verdict = await learning.check(proof, { round, trainer: proof.trainer, beacon, roster, startRoot }, segments, proofs);
      if (verdict.kind !== 'accept') {
        log.warn({ round, trainer: toHex(proof.trainer), segments, verdict }, 'a proof did not pass');
      }
      verdicts[index] = verdict;
    }
    castVote(round);
  }

  /** Votes with what was found so far. */
  function castVote(round: number): void {
    const { verdicts, measurement } = found;
    if (isOver(round) || found.round !== round || measurement === undefined || vote?.operation.round === round) return;
    const { loss, accuracy } = measurement;
    vote = signOperation(
      { type: 'vote', authority: self, round, verdicts: [...verdicts], heldOutLoss: loss, heldOutAccuracy: accuracy },
      genesisHash,
      signer,
    );
    submit(vote);
    const unchecked = verdicts.filter((verdict) => verdict === UNCHECKED).length;
    if (unchecked > 0)
      log.warn({ round, proofs: verdicts.length, unchecked }, 'voted on part of the proofs: this machine is too slow or too busy');
    else log.info({ round, proofs: verdicts.length, heldOutLoss: loss }, 'checked and voted');
  }

  function checkFailed(round: number, error: unknown): void {
    if (isOver(round)) return;
    if (isPolError(error, 'LEARNING_WRONG_ROUND')) {
      abstainedRound = round;
      log.warn({ round }, 'this node took its model over after the round began: it cannot judge the proofs, and does not vote');
      return;
    }
    log.error({ round, reason: messageOf(error) }, 'checking failed; trying again at the next block');
  }

  return {
    tick() {
      const current = state();
      const { sealed } = current;
      if (stopped || sealed === undefined) return;
      reveal(current, sealed);
      if (sealed.challengeSeed === undefined || sealed.votes.some((cast) => equalBytes(cast.authority, self))) return;
      if (vote?.operation.round === sealed.number) {
        submit(vote);
        return;
      }
      if (checking && current.height >= current.open.sealsAt - VOTE_MARGIN_BLOCKS) castVote(sealed.number);
      // The start weights of the sealed round are held from the moment the round after it is open here too.
      if (checking || abstainedRound === sealed.number || readyRound() !== current.open.number) return;
      checking = true;
      void check(sealed, sealed.challengeSeed)
        .catch((error) => checkFailed(sealed.number, error))
        .finally(() => {
          checking = false;
        });
    },
    async stop() {
      stopped = true;
    },
  };
}
