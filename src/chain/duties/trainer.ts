import { signOperation } from '../../codec/operations.ts';
import type { SignedOperation } from '../../codec/types.ts';
import type { Assignment, LearningService, TrainingProgress } from '../../learning/types.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import { messageOf } from '../../primitives/errors.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { Signer } from '../../primitives/keys.ts';
import type { Logger } from '../../primitives/log.ts';
import type { ProtocolState } from '../../protocol/types.ts';

/** What a trainer does as the chain moves: joins, trains the open round, proves it in time. */
export interface TrainerDuty {
  /** Call after each final block and whenever the model became ready. */
  tick(): void;
  readonly progress: TrainingProgress | undefined;
  readonly active: boolean;
  stop(): Promise<void>;
}

export interface TrainerDutyOptions {
  readonly genesisHash: Hash;
  /** Blocks before the boundary at which the proof is finished. */
  readonly submitBlocks: number;
}

export interface TrainerDutyDependencies {
  readonly learning: LearningService;
  readonly signer: Signer;
  readonly state: () => ProtocolState;
  readonly readyRound: () => number | undefined;
  /** Pools and gossips. */
  readonly submit: (signed: SignedOperation) => void;
  readonly onRoundTrained: (result: { readonly round: number; readonly loss: number }) => void;
  readonly log: Logger;
}

export function createTrainerDuty(options: TrainerDutyOptions, dependencies: TrainerDutyDependencies): TrainerDuty {
  const { learning, signer, state, readyRound, submit, onRoundTrained, log } = dependencies;
  const self = signer.address;
  let progress: TrainingProgress | undefined;
  /** The round being trained, until its proof is made. */
  let training: { readonly round: number; readonly done: Promise<void> } | undefined;
  let finishing: Promise<void> | undefined;
  /** Last rounds asked to join in, and proven: each is done once, then repeated only while no block holds it. */
  let lastProof: SignedOperation | undefined;
  let startedRound = -1;
  let stopped = false;

  const isIn = (list: readonly Uint8Array[]) => list.some((address) => equalBytes(address, self));

  function join(current: ProtocolState): void {
    if (isIn(current.open.roster) || isIn(current.joining)) return;
    submit(signOperation({ type: 'join', trainer: self, round: current.open.number }, options.genesisHash, signer));
  }

  function start(current: ProtocolState): void {
    const { open } = current;
    if (startedRound >= open.number || readyRound() !== open.number || !isIn(open.roster) || training !== undefined) return;
    if (current.height >= open.sealsAt - options.submitBlocks) return;
    const assignment: Assignment = {
      round: open.number,
      trainer: self,
      beacon: open.beacon,
      roster: open.roster,
      startRoot: open.startRoot,
    };
    startedRound = open.number;
    log.info({ round: open.number, trainers: open.roster.length }, 'training');
    const done = learning
      .train(assignment, (report) => {
        progress = report;
      })
      .catch((error) => log.error({ round: open.number, reason: messageOf(error) }, 'training stopped'));
    training = { round: open.number, done };
  }

  async function finish(round: number): Promise<void> {
    const trained = await learning.finishTraining();
    await training?.done;
    training = undefined;
    if (trained === undefined || trained.round !== round) {
      log.warn({ round }, 'no segment was finished in this round: nothing to prove');
      return;
    }
    lastProof = signOperation({ type: 'proof', ...trained }, options.genesisHash, signer);
    submit(lastProof);
    onRoundTrained({ round, loss: trained.loss });
    log.info({ round, segments: trained.segments, loss: trained.loss }, 'proof of learning made');
  }

  return {
    tick() {
      if (stopped) return;
      const current = state();
      join(current);
      start(current);
      const late = training !== undefined && training.round !== current.open.number;
      if (training !== undefined && finishing === undefined && (late || current.height >= current.open.sealsAt - options.submitBlocks)) {
        finishing = finish(training.round)
          .catch((error) => {
            training = undefined;
            log.error({ reason: messageOf(error) }, 'could not finish the proof');
          })
          .finally(() => {
            finishing = undefined;
          });
      }
      // Gossip may have lost it: offer it again until a block holds it or the round is over.
      if (lastProof?.operation.round === current.open.number && !current.open.proofs.some((proof) => equalBytes(proof.trainer, self))) {
        submit(lastProof);
      }
    },
    get progress() {
      return progress;
    },
    get active() {
      return training !== undefined;
    },
    async stop() {
      stopped = true;
      await finishing;
      if (training !== undefined) await learning.finishTraining();
    },
  };
}
