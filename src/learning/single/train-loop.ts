import { nextTurn } from '../gate.ts';
import type { Checkpoint, HeldOutMeasurement } from './checkpoints.ts';
import type { TrainingRun } from './training-run.ts';

/** When a run is measured and saved. Choices of the machine: they change no bit. */
export interface Rhythm {
  /** Measure on held-out text after every so many steps. */
  readonly evalEvery: number;
  /** Save after every so many steps, or milliseconds. */
  readonly saveEvery: { readonly steps: number } | { readonly ms: number };
}

export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly learningRate: number;
  /** How long the step alone took. */
  readonly ms: number;
}

export interface LoopObserver {
  onStep(report: StepReport): void;
  onHeldOut(measurement: HeldOutMeasurement): void;
  onSaved(checkpoint: Checkpoint): void;
}

/**
 * Trains until the run is complete or `stop` is aborted; either way the running step is finished and the state saved.
 * @returns true when the run is complete
 * @throws MODEL_DIVERGED, RUN_WRITE_FAILED
 */
export async function trainLoop(
  run: TrainingRun,
  options: { readonly totalSteps: number; readonly rhythm: Rhythm },
  dependencies: { readonly observer: LoopObserver; readonly stop: AbortSignal; readonly now: () => number },
): Promise<boolean> {
  const { totalSteps, rhythm } = options;
  const { observer, stop, now } = dependencies;
  let savedAt = now();
  let savedStep = run.step;

  const isTimeToSave = (): boolean => {
    const { saveEvery } = rhythm;
    return 'steps' in saveEvery ? run.step % saveEvery.steps === 0 : now() - savedAt >= saveEvery.ms;
  };
  const save = async (): Promise<void> => {
    observer.onSaved(await run.save());
    savedAt = now();
    savedStep = run.step;
  };

  while (run.step < totalSteps) {
    // Signals are delivered here: a step keeps the thread.
    await nextTurn();
    if (stop.aborted) break;
    const began = now();
    const { loss, gradNorm, learningRate } = run.advance();
    observer.onStep({ step: run.step, loss, gradNorm, learningRate, ms: now() - began });
    const isLast = run.step >= totalSteps;
    if (isLast || (run.step % rhythm.evalEvery === 0 && !stop.aborted)) observer.onHeldOut(await run.evaluate());
    if (isTimeToSave()) await save();
  }
  if (run.step !== savedStep) await save();
  return run.step >= totalSteps;
}
