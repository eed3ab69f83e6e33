import { signOperation } from '../../codec/operations.ts';
import type { SignedOperation } from '../../codec/types.ts';
import type { Assignment, LearningService, TrainingProgress } from '../../learning/types.ts';
import type { Genesis } from '../../params/genesis.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { Signer } from '../../primitives/keys.ts';
import type { Logger } from '../../primitives/log.ts';
import { isOnProbation } from '../../protocol/stakes.ts';
import type { ProtocolState } from '../../protocol/types.ts';
import type { Utilisation } from '../view.ts';
import { createPace } from './pace.ts';
import { createSubmitWindow } from './submit-window.ts';
import { createUtilisation } from './utilisation.ts';

/** What a trainer does as the chain moves: joins, trains the open round, proves it in time. */
export interface TrainerDuty {
  /** Call after each final block and whenever the model became ready. */
  tick(): void;
  readonly progress: TrainingProgress | undefined;
  readonly active: boolean;
  /** How much of its rounds this trainer spent in training steps. */
  readonly utilisation: Utilisation;
  /** Nothing is said or begun any more. Work under way ends with the learning service, which continues it after a restart. */
  stop(): Promise<void>;
}

export interface TrainerDutyOptions {
  readonly genesis: Pick<Genesis, 'rounds'>;
  readonly genesisHash: Hash;
}

export interface TrainerDutyDependencies {
  readonly learning: LearningService;
  readonly signer: Signer;
  readonly state: () => ProtocolState;
  readonly readyRound: () => number | undefined;
  /** Pools and gossips what the next block can carry; offered again at each block until one holds it. */
  readonly submit: (signed: SignedOperation) => void;
  readonly onRoundTrained: (result: { readonly round: number; readonly loss: number }) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One round's work: training, then its proof. */
interface Job {
  readonly round: number;
  /** Finishing was asked for. */
  hurried: boolean;
}

interface MadeProof {
  readonly signed: SignedOperation;
  /** The height at which it was begun to be made. */
  readonly begunAt: number;
  /** The height at which a block was found to hold it. */
  heldAt: number | undefined;
}

export function createTrainerDuty(options: TrainerDutyOptions, dependencies: TrainerDutyDependencies): TrainerDuty {
  const { learning, signer, state, readyRound, submit, onRoundTrained, clock, log } = dependencies;
  const { rounds } = options.genesis;
  const self = signer.address;
  const utilisation = createUtilisation(clock);
  const pace = createPace(clock);
  const submitWindow = createSubmitWindow(rounds.submit_blocks, Math.floor(rounds.blocks_per_round / 2));
  let progress: TrainingProgress | undefined;
  let job: Job | undefined;
  let lastProof: MadeProof | undefined;
  /** Begun once; what was lost to a restart of the program is continued by the learning service. */
  let startedRound = -1;
  let stopped = false;

  const isSelf = (address: Uint8Array) => equalBytes(address, self);

  function join({ open, joining }: ProtocolState): void {
    if (open.roster.some(isSelf) || joining.some(isSelf)) return;
    submit(signOperation({ type: 'join', trainer: self, round: open.number }, options.genesisHash, signer));
  }

  function start({ height, open }: ProtocolState): void {
    if (job !== undefined || startedRound >= open.number || readyRound() !== open.number || !open.roster.some(isSelf)) return;
    // Proven before this program was restarted.
    if (open.proofs.some(({ trainer }) => isSelf(trainer))) return;
    // The next block is the boundary, and carries no operations. Before that even a late start is worth a segment, and after a
    // restart the proof may only need to be said.
    if (height + 1 >= open.sealsAt) return;
    startedRound = open.number;
    const begun: Job = { round: open.number, hurried: false };
    job = begun;
    const { beacon, roster, startRoot } = open;
    void work({ round: open.number, trainer: self, beacon, roster, startRoot }).finally(() => {
      job = undefined;
      // The next round may have opened long since; this one is tried again at the next block at the earliest.
      if (state().open.number !== begun.round) tick();
    });
  }

  /** Never rejects. */
  async function work(assignment: Assignment): Promise<void> {
    const { round } = assignment;
    log.info({ round, trainers: assignment.roster.length }, 'training');
    try {
      await train(assignment);
      const begunAt = state().height;
      // Ended by the cap, by `hurry`, by an error after some segments, or by the boundary: then there is nothing to prove.
      const trained = await learning.finishTraining();
      if (stopped) return;
      if (trained?.round !== round) {
        log.warn({ round }, 'no segment was finished in this round: nothing to prove');
        return;
      }
      onRoundTrained({ round, loss: trained.loss });
      const signed = signOperation({ type: 'proof', ...trained }, options.genesisHash, signer);
      lastProof = { signed, begunAt, heldAt: undefined };
      log.info({ round, segments: trained.segments, loss: trained.loss }, 'proof of learning made');
      offerProof();
    } catch (error) {
      if (!stopped) log.error({ round, reason: messageOf(error) }, 'no proof could be made');
    }
  }

  /** On probation every segment is checked, and no more than that may be claimed. */
  function claimable(): number {
    return isOnProbation(state(), self) ? rounds.probation_segments : rounds.max_segments;
  }

  async function train(assignment: Assignment): Promise<void> {
    try {
      const note = (report: TrainingProgress) => {
        progress = report;
        utilisation.stepped(report.round, report.stepMs);
        pace.stepped(report.steps);
        // At a segment's end the next one may have begun: that is known with its first step.
        if (report.steps % rounds.steps_per_segment !== 0) hurry(state());
      };
      pace.begin();
      await learning.train(assignment, note, claimable());
    } catch (error) {
      if (stopped) return;
      // The model was exchanged under the feet of this: another attempt is made when it is ready again.
      if (isPolError(error, 'LEARNING_WRONG_ROUND') || isPolError(error, 'LEARNING_BUSY')) startedRound = assignment.round - 1;
      log.error({ round: assignment.round, reason: messageOf(error) }, 'training stopped');
    }
  }

  /** Time until a segment that follows the running one would end, by the pace of this round so far, ms. */
  function nextSegmentMs(round: number): number | undefined {
    if (progress?.round !== round || pace.stepMs === undefined) return undefined;
    const left = rounds.steps_per_segment - (progress.steps % rounds.steps_per_segment);
    return pace.stepMs * (left + rounds.steps_per_segment);
  }

  /**
   * Asks for the proof after the running segment when another one would not end in time. Its value, and its errors, are
   * those that `work` gets.
   */
  function hurry({ height, open }: ProtocolState): void {
    if (job === undefined || job.hurried || job.round !== open.number) return;
    const deadline = open.sealsAt - submitWindow.blocks;
    const needed = nextSegmentMs(open.number);
    const left = pace.untilHeight(deadline);
    if (height < deadline && (needed === undefined || left === undefined || needed <= left)) return;
    job.hurried = true;
    learning.finishTraining().catch(() => {});
  }

  function offerProof(): void {
    const { height, open } = state();
    if (lastProof?.signed.operation.round !== open.number) return;
    if (open.proofs.some(({ trainer }) => isSelf(trainer))) lastProof.heldAt ??= height;
    else submit(lastProof.signed);
  }

  /** What became of the last proof when its round was sealed: how much time the next ones need. */
  function learnFromSeal({ sealed }: ProtocolState): void {
    if (lastProof === undefined || sealed?.number !== lastProof.signed.operation.round) return;
    const { begunAt, heldAt } = lastProof;
    lastProof = undefined;
    if (!sealed.proofs.some(({ trainer }) => isSelf(trainer))) submitWindow.missed();
    else if (heldAt !== undefined) submitWindow.sealed(heldAt - begunAt);
  }

  function tick(): void {
    if (stopped) return;
    const current = state();
    pace.block(current.height);
    learnFromSeal(current);
    utilisation.opened(current.open.number, current.open.roster.some(isSelf));
    join(current);
    start(current);
    hurry(current);
    offerProof();
  }

  return {
    tick,
    get progress() {
      return progress;
    },
    get active() {
      return job !== undefined;
    },
    utilisation,
    async stop() {
      stopped = true;
    },
  };
}
