import type { Kernels, Ptr } from '../numerics/backend.ts';
import type { LearningConfig } from '../params/genesis.ts';
import { assertFinite } from './errors.ts';
import type { TrainingPlan } from './training-plan.ts';
import type { StepOptions } from './types.ts';

/**
 * Clips by the global norm and takes one AdamW step on every tensor, matrices with decay.
 * The norm adds the tensors' sums of squares in the layout's order, in f32.
 * @returns the gradient norm before clipping, f32
 * @throws MODEL_DIVERGED when the norm is not finite
 */
export function optimise(kernels: Kernels, plan: TrainingPlan, learning: LearningConfig, options: StepOptions): number {
  const gradNorm = globalNorm(kernels, plan);
  assertFinite(gradNorm, 'gradient norm');
  const clipNorm = Math.fround(learning.clip_norm);
  const beta1 = Math.fround(learning.beta1);
  const beta2 = Math.fround(learning.beta2);
  const step = {
    learningRate: Math.fround(options.learningRate),
    beta1,
    beta2,
    oneMinusBeta1: Math.fround(1 - beta1),
    oneMinusBeta2: Math.fround(1 - beta2),
    epsilon: Math.fround(learning.epsilon),
    correction1: biasCorrection(beta1, options.adamStep),
    correction2: biasCorrection(beta2, options.adamStep),
    gradScale: gradNorm > clipNorm ? Math.fround(clipNorm / gradNorm) : 1,
  };
  const weightDecay = Math.fround(learning.weight_decay);
  for (const { offset, length, decays } of plan.layout.tensors) {
    const at = (base: Ptr): Ptr => base + offset;
    kernels.adamw(at(plan.weightsAt), at(plan.firstMomentAt), at(plan.secondMomentAt), at(plan.gradientsAt), length, {
      ...step,
      weightDecay: decays ? weightDecay : 0,
    });
  }
  return gradNorm;
}

function globalNorm(kernels: Kernels, plan: TrainingPlan): number {
  let sum = 0;
  for (const { offset, length } of plan.layout.tensors) {
    sum = Math.fround(sum + kernels.sumOfSquares(plan.gradientsAt + offset, length));
  }
  return Math.fround(Math.sqrt(sum));
}

/** Below this 1 − power is 1 in f32. */
const NO_POWER = 2 ** -25;

/** 1 / (1 − beta^step), the power by repeated multiplication, every operation rounded to f32; 1 for Infinity: moments without bias. */
export function biasCorrection(beta: number, step: number): number {
  let power = beta;
  for (let i = 1; i < step && power >= NO_POWER; i++) power = Math.fround(power * beta);
  return Math.fround(1 / Math.fround(1 - power));
}
