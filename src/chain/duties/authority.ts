import { signOperation } from '../../codec/operations.ts';
import type { SignedOperation, Verdict } from '../../codec/types.ts';
import type { LearningService, ProofSource } from '../../learning/types.ts';
import type { Genesis } from '../../params/genesis.ts';
import { equalBytes, toHex } from '../../primitives/bytes.ts';
import { messageOf } from '../../primitives/errors.ts';
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
  stop(): Promise<void>;
}

export interface AuthorityDutyDependencies {
  readonly learning: LearningService;
  readonly proofs: ProofSource;
  readonly signer: Signer;
  readonly onion: Onion;
  readonly state: () => ProtocolState;
  readonly readyRound: () => number | undefined;
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
  let checking: Promise<void> | undefined;
  let vote: SignedOperation | undefined;
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

  async function check(sealed: SealedRound, challengeSeed: Hash): Promise<void> {
    const verdicts: Verdict[] = [];
    for (const proof of sealed.proofs) {
      const assignment = {
        round: sealed.number,
        trainer: proof.trainer,
        beacon: sealed.beacon,
        roster: sealed.roster,
        startRoot: sealed.startRoot,
      };
      const segments = challengedSegments(challengeSeed, proof, genesis);
      const verdict = await learning.check(proof, assignment, segments, proofs);
      if (stopped) return;
      if (verdict.kind !== 'accept') {
        log.warn({ round: sealed.number, trainer: toHex(proof.trainer), segments, verdict }, 'a proof did not pass');
      }
      verdicts.push(verdict);
    }
    const { loss, accuracy } = await learning.evaluate();
    vote = signOperation(
      { type: 'vote', authority: self, round: sealed.number, verdicts, heldOutLoss: loss, heldOutAccuracy: accuracy },
      genesisHash,
      signer,
    );
    submit(vote);
    log.info({ round: sealed.number, proofs: verdicts.length, heldOutLoss: loss }, 'checked and voted');
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
      if (checking === undefined && readyRound() === current.open.number) {
        checking = check(sealed, sealed.challengeSeed)
          .catch((error) => log.error({ round: sealed.number, reason: messageOf(error) }, 'checking failed'))
          .finally(() => {
            checking = undefined;
          });
      }
    },
    async stop() {
      stopped = true;
      await checking;
    },
  };
}
