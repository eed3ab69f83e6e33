import type { Kernels } from '../backend.ts';
import { sigmoid } from '../elementary.ts';
import { at, Divergence, fround, isFinite32, lanes, OPERAND_MAX } from '../f32.ts';
import type { Memory } from './memory.ts';

type ElementwiseKernels = Pick<
  Kernels,
  'fill' | 'copy' | 'add' | 'scale' | 'swigluForward' | 'swigluBackward' | 'sumOfSquares' | 'adamw' | 'takeDivergence'
>;

/** Elements of one run of `sumOfSquares`. */
const RUN = 16384;

export function elementwiseKernels(memory: Memory): ElementwiseKernels {
  const { f32 } = memory;
  return {
    fill(x, n, value) {
      f32.fill(value, x, x + n);
    },

    copy(destination, source, n) {
      f32.copyWithin(destination, source, source + n);
    },

    add(y, x, n) {
      for (let i = 0; i < n; i++) f32[y + i] = fround(at(f32, y + i) + at(f32, x + i));
    },

    scale(x, n, s) {
      const factor = fround(s);
      for (let i = 0; i < n; i++) f32[x + i] = fround(at(f32, x + i) * factor);
    },

    swigluForward(out, gate, up, n) {
      for (let i = 0; i < n; i++) {
        const g = at(f32, gate + i);
        f32[out + i] = fround(fround(g * sigmoid(g)) * at(f32, up + i));
      }
    },

    swigluBackward(dGate, dUp, dOut, gate, up, n) {
      for (let i = 0; i < n; i++) {
        const g = at(f32, gate + i);
        const s = sigmoid(g);
        const f = fround(g * s);
        const d = at(f32, dOut + i);
        const slope = fround(s + fround(f * fround(1 - s)));
        const gateGradient = fround(fround(d * at(f32, up + i)) * slope);
        f32[dUp + i] = fround(d * f);
        f32[dGate + i] = gateGradient;
      }
    },

    sumOfSquares(x, n) {
      let sum = 0;
      for (let start = 0; start < n; start += RUN) {
        const run = lanes(Math.min(RUN, n - start), (i) => fround(at(f32, x + start + i) * at(f32, x + start + i)));
        sum = fround(sum + run);
      }
      return sum;
    },

    adamw(wPtr, mPtr, vPtr, gPtr, n, step) {
      for (let i = 0; i < n; i++) {
        const g = fround(at(f32, gPtr + i) * step.gradScale);
        const m = fround(fround(step.beta1 * at(f32, mPtr + i)) + fround(step.oneMinusBeta1 * g));
        const v = fround(fround(step.beta2 * at(f32, vPtr + i)) + fround(fround(step.oneMinusBeta2 * g) * g));
        const w = at(f32, wPtr + i);
        const root = fround(Math.sqrt(fround(v * step.correction2)));
        const direction = fround(fround(m * step.correction1) / fround(root + step.epsilon));
        const update = fround(step.learningRate * fround(direction + fround(step.weightDecay * w)));
        const next = fround(w - update);
        if (!(Math.abs(next) <= OPERAND_MAX && isFinite32(m) && isFinite32(v))) memory.divergence |= Divergence.WEIGHT;
        f32[mPtr + i] = m;
        f32[vPtr + i] = v;
        f32[wPtr + i] = next;
      }
    },

    takeDivergence() {
      const flags = memory.divergence;
      memory.divergence = 0;
      return flags;
    },
  };
}
