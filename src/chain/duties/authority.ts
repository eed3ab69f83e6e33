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

export function createAuthorityDuty(
  options: { readonly genesis: Genesis; readonly genesisHash: Hash },
  dependencies: AuthorityDutyDependencies,
): AuthorityDuty {
  const { genesis, genesisHash } = options;
  const { learning, proofs, signer, onion, state, readyRound, submit, log } = dependencies;
  const self = signer.address;
  let checking = false;
  /** Verdicts on the first proofs of the round being checked: what an error interrupted goes on from there. */
  let found: { readonly round: number; readonly verdicts: Verdict[] } = { round: -1, verdicts: [] };
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
    if (found.round !== round) found = { round, verdicts: [] };
    const { verdicts } = found;
    for (const proof of sealed.proofs.slice(verdicts.length)) {
      if (isOver(round)) return;
      const segments = challengedSegments(challengeSeed, proof, genesis);
      const verdict = await learning.check(proof, { round, trainer: proof.trainer, beacon, roster, startRoot }, segments, proofs);
      if (verdict.kind !== 'accept') {
        log.warn({ round, trainer: toHex(proof.trainer), segments, verdict }, 'a proof did not pass');
      }
      verdicts.push(verdict);
    }
    if (isOver(round)) return;
    const { loss, accuracy } = await learning.evaluate();
    // The next boundary may have exchanged the model that was to be measured.
    if (isOver(round)) return;
    vote = signOperation(
      { type: 'vote', authority: self, round, verdicts, heldOutLoss: loss, heldOutAccuracy: accuracy },
      genesisHash,
      signer,
    );
    submit(vote);
    log.info({ round, proofs: verdicts.length, heldOutLoss: loss }, 'checked and voted');
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
