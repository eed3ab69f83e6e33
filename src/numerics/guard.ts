import type { AttentionShape, Kernels, Ptr } from './backend.ts';
import { numericsError } from './errors.ts';

interface GuardContext {
  readonly words: number;
  /** A view of the arena, to look at tokens. */
  i32(ptr: Ptr, length: number): Int32Array;
  isReleased(): boolean;
}

/**
 * Checks every call against its arena before the kernel runs: compiled kernels trust offsets, sizes and tokens, so a mistake above them
 * must end here, as a typed error, and not in foreign memory. Costs a few comparisons a call, and one pass over tokens or targets.
 * @throws NUMERICS_BAD_ARGUMENT, NUMERICS_OUT_OF_ARENA, NUMERICS_RELEASED
 */
export function guardKernels(kernels: Kernels, context: GuardContext): Kernels {
  const { words } = context;

  /** [name, ptr, length] of every operand. */
  function inside(kernel: string, operands: readonly (readonly [string, Ptr, number])[]): void {
    if (context.isReleased()) throw numericsError('NUMERICS_RELEASED', `${kernel}: the arena was released; create a new one`);
    for (const [name, ptr, length] of operands) {
      if (!(Number.isInteger(ptr) && ptr >= 0 && ptr + length <= words)) {
        throw numericsError('NUMERICS_OUT_OF_ARENA', `${kernel}: ${name} [${ptr}, ${ptr + length}) is outside the arena of ${words} words`);
      }
    }
  }

  /** Every index in i32[ptr…] must lie in [0, limit). */
  function indices(kernel: string, name: string, ptr: Ptr, length: number, limit: number): void {
    const values = context.i32(ptr, length);
    for (let r = 0; r < length; r++) {
      const value = values[r] as number;
      if (value < 0 || value >= limit) {
        throw numericsError('NUMERICS_BAD_ARGUMENT', `${kernel}: ${name}[${r}] is ${value}; it must be from 0 to ${limit - 1}`);
      }
    }
  }

  return {
    matmul(mode, m, n, k, a, b, c, accumulate) {
      sizes('matmul', { m, n, k });
      if (mode !== 0 && mode !== 1 && mode !== 2) throw numericsError('NUMERICS_BAD_ARGUMENT', `matmul: unknown mode ${mode}`);
      inside('matmul', [
        ['a', a, m * k],
        ['b', b, k * n],
        ['c', c, m * n],
      ]);
      disjoint('matmul', 'a', a, m * k, c, m * n);
      disjoint('matmul', 'b', b, k * n, c, m * n);
      kernels.matmul(mode, m, n, k, a, b, c, accumulate);
    },
    fill(x, n, value) {
      inside('fill', [['x', x, count('fill', n)]]);
      kernels.fill(x, n, value);
    },
    copy(destination, source, n) {
      inside('copy', [
        ['destination', destination, count('copy', n)],
        ['source', source, n],
      ]);
      kernels.copy(destination, source, n);
    },
    add(y, x, n) {
      inside('add', [
        ['y', y, count('add', n)],
        ['x', x, n],
      ]);
      kernels.add(y, x, n);
    },
    scale(x, n, s) {
      inside('scale', [['x', x, count('scale', n)]]);
      kernels.scale(x, n, s);
    },
    embedForward(out, table, tokens, rows, dim) {
      sizes('embedForward', { rows, dim });
      inside('embedForward', [
        ['out', out, rows * dim],
        ['table', table, dim],
        ['tokens', tokens, rows],
      ]);
      indices('embedForward', 'tokens', tokens, rows, Math.floor((words - table) / dim));
      kernels.embedForward(out, table, tokens, rows, dim);
    },
    embedBackward(dTable, dOut, tokens, rows, dim) {
      sizes('embedBackward', { rows, dim });
      inside('embedBackward', [
        ['dTable', dTable, dim],
        ['dOut', dOut, rows * dim],
        ['tokens', tokens, rows],
      ]);
      indices('embedBackward', 'tokens', tokens, rows, Math.floor((words - dTable) / dim));
      kernels.embedBackward(dTable, dOut, tokens, rows, dim);
    },
    rmsNormForward(out, rstd, x, weight, rows, dim, eps) {
      sizes('rmsNormForward', { rows, dim });
      inside('rmsNormForward', [
        ['out', out, rows * dim],
        ['rstd', rstd, rows],
        ['x', x, rows * dim],
        ['weight', weight, dim],
      ]);
      kernels.rmsNormForward(out, rstd, x, weight, rows, dim, eps);
    },
    rmsNormBackward(dx, dWeight, dOut, x, weight, rstd, rows, dim) {
      sizes('rmsNormBackward', { rows, dim });
      const full = rows * dim;
      inside('rmsNormBackward', [
        ['dx', dx, full],
        ['dWeight', dWeight, dim],
        ['dOut', dOut, full],
      ]);
      inside('rmsNormBackward', [
        ['x', x, full],
        ['weight', weight, dim],
        ['rstd', rstd, rows],
      ]);
      kernels.rmsNormBackward(dx, dWeight, dOut, x, weight, rstd, rows, dim);
    },
    rope(x, cos, sin, rows, rowsPerSequence, offset, heads, headDim, inverse) {
      sizes('rope', { rows, rowsPerSequence, heads, headDim });
      if (headDim % 2 !== 0) throw numericsError('NUMERICS_BAD_ARGUMENT', `rope: headDim must be even, got ${headDim}`);
      const table = (Math.min(rows, rowsPerSequence) + count('rope', offset)) * (headDim / 2);
      inside('rope', [
        ['x', x, rows * heads * headDim],
        ['cos', cos, table],
        ['sin', sin, table],
      ]);
      kernels.rope(x, cos, sin, rows, rowsPerSequence, offset, heads, headDim, inverse);
    },
    attentionForward(out, stats, q, k, v, shape) {
      const { queryWords, kvWords, statWords } = attentionWords('attentionForward', shape);
      inside('attentionForward', [
        ['out', out, queryWords],
        ['stats', stats, statWords],
        ['q', q, queryWords],
      ]);
      inside('attentionForward', [
        ['k', k, kvWords],
        ['v', v, kvWords],
      ]);
      kernels.attentionForward(out, stats, q, k, v, shape);
    },
    attentionBackward(dq, dk, dv, dOut, stats, q, k, v, shape) {
      const { queryWords, kvWords, statWords } = attentionWords('attentionBackward', shape);
      if (shape.offset !== 0 || shape.keyCapacity !== shape.queries) {
        throw numericsError('NUMERICS_BAD_ARGUMENT', 'attentionBackward: needs offset 0 and keyCapacity equal to queries');
      }
      inside('attentionBackward', [
        ['dq', dq, queryWords],
        ['dk', dk, kvWords],
        ['dv', dv, kvWords],
        ['dOut', dOut, queryWords],
      ]);
      inside('attentionBackward', [
        ['stats', stats, statWords],
        ['q', q, queryWords],
        ['k', k, kvWords],
        ['v', v, kvWords],
      ]);
      kernels.attentionBackward(dq, dk, dv, dOut, stats, q, k, v, shape);
    },
    swigluForward(out, gate, up, n) {
      inside('swigluForward', [
        ['out', out, count('swigluForward', n)],
        ['gate', gate, n],
        ['up', up, n],
      ]);
      kernels.swigluForward(out, gate, up, n);
    },
    swigluBackward(dGate, dUp, dOut, gate, up, n) {
      inside('swigluBackward', [
        ['dGate', dGate, count('swigluBackward', n)],
        ['dUp', dUp, n],
        ['dOut', dOut, n],
      ]);
      inside('swigluBackward', [
        ['gate', gate, n],
        ['up', up, n],
      ]);
      kernels.swigluBackward(dGate, dUp, dOut, gate, up, n);
    },
    crossEntropy(loss, correct, logits, targets, rows, vocab, scale) {
      sizes('crossEntropy', { rows, vocab });
      inside('crossEntropy', [
        ['loss', loss, rows],
        ['correct', correct, rows],
        ['logits', logits, rows * vocab],
        ['targets', targets, rows],
      ]);
      indices('crossEntropy', 'targets', targets, rows, vocab);
      kernels.crossEntropy(loss, correct, logits, targets, rows, vocab, scale);
    },
    sumOfSquares(x, n) {
      inside('sumOfSquares', [['x', x, count('sumOfSquares', n)]]);
      return kernels.sumOfSquares(x, n);
    },
    adamw(w, m, v, g, n, step) {
      inside('adamw', [
        ['w', w, count('adamw', n)],
        ['m', m, n],
        ['v', v, n],
        ['g', g, n],
      ]);
      kernels.adamw(w, m, v, g, n, step);
    },
    takeDivergence() {
      inside('takeDivergence', []);
      return kernels.takeDivergence();
    },
  };
}

function sizes(kernel: string, values: Readonly<Record<string, number>>): void {
  for (const name in values) {
    const value = values[name] as number;
    if (!Number.isInteger(value) || value < 1) {
      throw numericsError('NUMERICS_BAD_ARGUMENT', `${kernel}: ${name} must be a positive whole number, got ${value}`);
    }
  }
}

/** A length or offset: 0 is allowed. */
function count(kernel: string, n: number): number {
  if (!Number.isInteger(n) || n < 0)
    throw numericsError('NUMERICS_BAD_ARGUMENT', `${kernel}: a length or offset is ${n}; it must be a whole number from 0`);
  return n;
}

function disjoint(kernel: string, name: string, ptr: Ptr, length: number, c: Ptr, cLength: number): void {
  if (ptr < c + cLength && c < ptr + length) {
    throw numericsError('NUMERICS_BAD_ARGUMENT', `${kernel}: c [${c}, ${c + cLength}) overlaps ${name} [${ptr}, ${ptr + length})`);
  }
}

function attentionWords(kernel: string, shape: AttentionShape) {
  const { batch, queries, keyCapacity, offset, heads, kvHeads, headDim } = shape;
  sizes(kernel, { batch, queries, keyCapacity, heads, kvHeads, headDim });
  if (heads % kvHeads !== 0) throw numericsError('NUMERICS_BAD_ARGUMENT', `${kernel}: kvHeads ${kvHeads} does not divide heads ${heads}`);
  if (count(kernel, offset) + queries > keyCapacity) {
    throw numericsError('NUMERICS_BAD_ARGUMENT', `${kernel}: offset ${offset} + queries ${queries} exceeds keyCapacity ${keyCapacity}`);
  }
  return {
    queryWords: batch * queries * heads * headDim,
    kvWords: batch * keyCapacity * kvHeads * headDim,
    statWords: batch * heads * queries * 2,
  };
}
