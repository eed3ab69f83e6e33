import type { TrainingStatus } from '../chain/view.ts';

const KEPT_ROUNDS = 256;

/** This node's training rounds since it started, for the training status. */
export interface TrainingHistory {
  trained(result: { readonly round: number; readonly loss: number }): void;
  heldOut(result: { readonly round: number; readonly loss: number }): void;
  list(): TrainingStatus['history'];
}

export function createTrainingHistory(): TrainingHistory {
  const rounds = new Map<number, { loss: number; heldOutLoss: number | undefined }>();
  return {
    trained({ round, loss }) {
      rounds.set(round, { loss, heldOutLoss: undefined });
      const [oldest] = rounds.keys();
      if (rounds.size > KEPT_ROUNDS && oldest !== undefined) rounds.delete(oldest);
    },
    heldOut({ round, loss }) {
      const entry = rounds.get(round);
      if (entry !== undefined) entry.heldOutLoss = loss;
    },
    list: () => [...rounds].map(([round, entry]) => ({ round, ...entry })),
  };
}
