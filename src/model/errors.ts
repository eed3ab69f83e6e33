import { errorDomain } from '../primitives/errors.ts';

export const modelError = errorDomain({
  MODEL_DIVERGED: { explanation: 'A value left the range in which the arithmetic is exact; the weights are to be discarded.' },
  MODEL_INPUT_INVALID: { explanation: 'Tokens, weights or options do not fit the model.', http: 400, jsonRpc: -32602 },
  MODEL_SHAPE_INVALID: { explanation: 'No model shape fits what was asked for.', http: 400, jsonRpc: -32602 },
  MODEL_CONTEXT_FULL: { explanation: 'The sequence is longer than the model has positions.', http: 400, jsonRpc: -32602 },
});

/** Bits of `Kernels.takeDivergence`. */
const DIVERGENCE_CAUSES: readonly (readonly [number, string])[] = [
  [1, 'a matrix operand'],
  [2, 'a row maximum or a loss'],
  [4, 'an updated weight'],
];

/** @throws MODEL_DIVERGED when any bit is set, naming what left the range and during what */
export function assertConverging(bits: number, during: string): void {
  if (bits === 0) return;
  const causes = DIVERGENCE_CAUSES.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
  throw modelError(
    'MODEL_DIVERGED',
    `${during}: ${causes.join(' and ') || `divergence bits ${bits}`} left the exact range; lower the learning rate or go back to earlier weights`,
    { data: { bits } },
  );
}

/** @throws MODEL_DIVERGED when `value` is infinite or not a number */
export function assertFinite(value: number, name: string): void {
  if (!Number.isFinite(value)) {
    throw modelError('MODEL_DIVERGED', `the ${name} is ${value}; lower the learning rate or go back to earlier weights`, {
      data: { name },
    });
  }
}
