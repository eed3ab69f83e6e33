import { type AttentionShape, type Kernels, PROGRAM_CALLS_MAX } from './backend.ts';
import { numericsError } from './errors.ts';

/** Numbers of the kernels in kernels/kernels.c; the order of arguments is given there too. */
const Kernel = {
  FILL: 0,
  COPY: 1,
  ADD: 2,
  SCALE: 3,
  SUM_OF_SQUARES: 4,
  ADAMW: 5,
  SWIGLU_FORWARD: 6,
  SWIGLU_BACKWARD: 7,
  EMBED_FORWARD: 8,
  EMBED_BACKWARD: 9,
  RMS_NORM_FORWARD: 10,
  RMS_NORM_BACKWARD: 11,
  ROPE: 12,
  CROSS_ENTROPY: 13,
  MATMUL: 14,
  ATTENTION_FORWARD: 15,
  ATTENTION_BACKWARD: 16,
  TAKE_DIVERGENCE: 17,
  BY_ROWS: 18,
  TOGETHER: 19,
  PACK_OPERAND: 20,
  MATMUL_PACKED: 21,
  ATTENTION_ROWS: 22,
} as const;

/** Words of a call's arguments; in a program the last one is the kernel's number. */
const CALL_SLOTS = 24;
/** A call, or a call and the program it runs. */
export const ARGUMENT_SLOTS = CALL_SLOTS * (1 + PROGRAM_CALLS_MAX);

/**
 * The kernels of a compiled build. A call writes its arguments as f64 into memory the build reads, so that one function with one number
 * serves them all. Within a program calls are written one behind the other, and run when it ends.
 * @param run runs a kernel; NaN means that it had no memory to work in
 */
export function compiledKernels(slots: Float64Array, run: (kernel: number) => number): Kernels {
  /** Calls recorded so far, or undefined when calls run at once. */
  let recorded: number | undefined;

  function call(kernel: number, ...values: readonly number[]): number {
    let at = 0;
    if (recorded !== undefined) {
      at = ++recorded * CALL_SLOTS;
      slots[at + CALL_SLOTS - 1] = kernel;
    }
    for (let i = 0; i < values.length; i++) slots[at + i] = values[i] as number;
    return recorded === undefined ? finish(kernel) : 0;
  }

  function finish(kernel: number): number {
    const result = run(kernel);
    if (Number.isNaN(result) && kernel !== Kernel.SUM_OF_SQUARES) {
      throw numericsError('NUMERICS_OUT_OF_MEMORY', 'a kernel found no scratch memory for this shape; use a shorter context');
    }
    return result;
  }

  /** Runs what `calls` calls as one program. */
  function program(kernel: number, rows: number, calls: () => void): void {
    recorded = 0;
    try {
      calls();
      slots[0] = recorded;
      slots[1] = rows;
    } finally {
      recorded = undefined;
    }
    finish(kernel);
  }
  const shapeOf = (s: AttentionShape) => [s.batch, s.queries, s.keyCapacity, s.offset, s.heads, s.kvHeads, s.headDim] as const;

  return {
    matmul(mode, m, n, k, a, b, c, accumulate) {
      call(Kernel.MATMUL, mode, m, n, k, a, b, c, accumulate ? 1 : 0);
    },
    packOperand(packed, b, n, k) {
      call(Kernel.PACK_OPERAND, packed, b, n, k);
    },
    matmulPacked(m, n, k, a, packed, c) {
      call(Kernel.MATMUL_PACKED, m, n, k, a, packed, c);
    },
    fill(x, n, value) {
      call(Kernel.FILL, x, n, value);
    },
    copy(destination, source, n) {
      call(Kernel.COPY, destination, source, n);
    },
    add(y, x, n) {
      call(Kernel.ADD, y, x, n);
    },
    scale(x, n, s) {
      call(Kernel.SCALE, x, n, s);
    },
    embedForward(out, table, tokens, rows, dim) {
      call(Kernel.EMBED_FORWARD, out, table, tokens, rows, dim);
    },
    embedBackward(dTable, dOut, tokens, rows, dim) {
      call(Kernel.EMBED_BACKWARD, dTable, dOut, tokens, rows, dim);
    },
    rmsNormForward(out, rstd, x, weight, rows, dim, eps) {
      call(Kernel.RMS_NORM_FORWARD, out, rstd, x, weight, rows, dim, eps);
    },
    rmsNormBackward(dx, dWeight, dOut, x, weight, rstd, rows, dim) {
      call(Kernel.RMS_NORM_BACKWARD, dx, dWeight, dOut, x, weight, rstd, rows, dim);
    },
    rope(x, cos, sin, rows, rowsPerSequence, offset, heads, headDim, inverse) {
      call(Kernel.ROPE, x, cos, sin, rows, rowsPerSequence, offset, heads, headDim, inverse ? 1 : 0);
    },
    attentionForward(out, stats, q, k, v, shape) {
      call(Kernel.ATTENTION_FORWARD, ...shapeOf(shape), out, stats, q, k, v);
    },
    attentionRows(out, stats, q, k, v, slots, positions, s) {
      call(Kernel.ATTENTION_ROWS, s.rows, s.keyCapacity, s.heads, s.kvHeads, s.headDim, out, stats, q, k, v, slots, positions);
    },
    attentionBackward(dq, dk, dv, dOut, stats, q, k, v, shape) {
      call(Kernel.ATTENTION_BACKWARD, ...shapeOf(shape), dq, dk, dv, dOut, stats, q, k, v);
    },
    swigluForward(out, gate, up, n) {
      call(Kernel.SWIGLU_FORWARD, out, gate, up, n);
    },
    swigluBackward(dGate, dUp, dOut, gate, up, n) {
      call(Kernel.SWIGLU_BACKWARD, dGate, dUp, dOut, gate, up, n);
    },
    crossEntropy(loss, correct, logits, targets, rows, vocab, scale) {
      call(Kernel.CROSS_ENTROPY, loss, correct, logits, targets, rows, vocab, scale);
    },
    sumOfSquares(x, n) {
      return call(Kernel.SUM_OF_SQUARES, x, n);
    },
    adamw(w, m, v, g, n, step) {
      call(
        Kernel.ADAMW,
        w,
        m,
        v,
        g,
        n,
        step.learningRate,
        step.beta1,
        step.beta2,
        step.oneMinusBeta1,
        step.oneMinusBeta2,
        step.epsilon,
        step.weightDecay,
        step.correction1,
        step.correction2,
        step.gradScale,
      );
    },
    takeDivergence() {
      return call(Kernel.TAKE_DIVERGENCE);
    },
    byRows(rows, calls) {
      program(Kernel.BY_ROWS, rows, calls);
    },
    together(calls) {
      program(Kernel.TOGETHER, 0, calls);
    },
  };
}
