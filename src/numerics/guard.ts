import {
  type AttentionShape,
  type Kernels,
  MatmulMode,
  type Operands,
  PROGRAM_CALLS_MAX,
  type Ptr,
  packedOperandWords,
} from './backend.ts';
import { numericsError } from './errors.ts';

interface GuardContext {
  readonly words: number;
  readonly operands: Operands;
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
  let program: Program | undefined;

  /** A call of a program that treats `rows` rows; 0 for one that cannot be part of any. */
  function rowwise(kernel: string, rows: number): void {
    if (program === undefined) return;
    if (program.rows === undefined) throw numericsError('NUMERICS_BAD_ARGUMENT', `together: ${kernel} is no matrix product`);
    if (program.ended) throw numericsError('NUMERICS_BAD_ARGUMENT', `byRows: ${kernel} comes after rmsNormBackward, which must be last`);
    if (rows !== program.rows) {
      throw numericsError('NUMERICS_BAD_ARGUMENT', `byRows: ${kernel} does not treat ${program.rows} rows each on its own`);
    }
    countCall(program);
  }

  /** An elementwise call on n elements: whole rows. */
  function elementwise(kernel: string, n: number): void {
    if (program !== undefined) rowwise(kernel, program.rows !== undefined && n % program.rows === 0 ? program.rows : 0);
  }

  function record(kernel: string, opened: Program, run: (calls: () => void) => void, calls: () => void): void {
    inside(kernel, []);
    if (program !== undefined) throw numericsError('NUMERICS_BAD_ARGUMENT', `${kernel}: programs do not nest`);
    run(() => {
      program = opened;
      try {
        calls();
      } finally {
        program = undefined;
      }
      independent(kernel, opened);
    });
  }

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
      if (program?.rows !== undefined) {
        rowwise('matmul', mode === MatmulMode.TN ? 0 : m);
        program.shared.push([b, k * n]);
        program.written.push([c, m * n]);
      } else if (program !== undefined) {
        countCall(program);
        program.shared.push([a, m * k], [b, k * n]);
        program.written.push([c, m * n]);
      }
      kernels.matmul(mode, m, n, k, a, b, c, accumulate);
    },
    packOperand(packed, b, n, k) {
      sizes('packOperand', { n, k });
      const words = packedOperandWords(n, k, context.operands);
      inside('packOperand', [
        ['packed', packed, words],
        ['b', b, n * k],
      ]);
      disjoint('packOperand', 'b', b, n * k, packed, words);
      rowwise('packOperand', 0);
      kernels.packOperand(packed, b, n, k);
    },
    matmulPacked(m, n, k, a, packed, c) {
      sizes('matmulPacked', { m, n, k });
      const words = packedOperandWords(n, k, context.operands);
      inside('matmulPacked', [
        ['a', a, m * k],
        ['packed', packed, words],
        ['c', c, m * n],
      ]);
      disjoint('matmulPacked', 'a', a, m * k, c, m * n);
      disjoint('matmulPacked', 'packed', packed, words, c, m * n);
      rowwise('matmulPacked', 0);
      kernels.matmulPacked(m, n, k, a, packed, c);
    },
    fill(x, n, value) {
      inside('fill', [['x', x, count('fill', n)]]);
      elementwise('fill', n);
      kernels.fill(x, n, value);
    },
    copy(destination, source, n) {
      inside('copy', [
        ['destination', destination, count('copy', n)],
        ['source', source, n],
      ]);
      elementwise('copy', n);
      kernels.copy(destination, source, n);
    },
    add(y, x, n) {
      inside('add', [
        ['y', y, count('add', n)],
        ['x', x, n],
      ]);
      elementwise('add', n);
      kernels.add(y, x, n);
    },
    scale(x, n, s) {
      inside('scale', [['x', x, count('scale', n)]]);
      elementwise('scale', n);
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
      rowwise('embedForward', rows);
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
      rowwise('embedBackward', 0);
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
      rowwise('rmsNormForward', rows);
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
      rowwise('rmsNormBackward', rows);
      if (program !== undefined) program.ended = true;
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
      rowwise('rope', rows);
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
      rowwise('attentionForward', 0);
      kernels.attentionForward(out, stats, q, k, v, shape);
    },
    attentionRows(out, stats, q, k, v, slots, positions, shape) {
      const { rows, keyCapacity, heads, kvHeads, headDim } = shape;
      sizes('attentionRows', { rows, slots: shape.slots });
      const { queryWords, statWords } = attentionWords('attentionRows', { ...shape, batch: rows, queries: 1, offset: 0 });
      const kvWords = shape.slots * keyCapacity * kvHeads * headDim;
      inside('attentionRows', [
        ['out', out, queryWords],
        ['stats', stats, statWords],
        ['q', q, queryWords],
        ['k', k, kvWords],
        ['v', v, kvWords],
        ['slots', slots, rows],
        ['positions', positions, rows],
      ]);
      indices('attentionRows', 'slots', slots, rows, shape.slots);
      indices('attentionRows', 'positions', positions, rows, keyCapacity);
      rowwise('attentionRows', 0);
      kernels.attentionRows(out, stats, q, k, v, slots, positions, { rows, slots: shape.slots, keyCapacity, heads, kvHeads, headDim });
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
      rowwise('attentionBackward', 0);
      kernels.attentionBackward(dq, dk, dv, dOut, stats, q, k, v, shape);
    },
    swigluForward(out, gate, up, n) {
      inside('swigluForward', [
        ['out', out, count('swigluForward', n)],
        ['gate', gate, n],
        ['up', up, n],
      ]);
      elementwise('swigluForward', n);
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
      elementwise('swigluBackward', n);
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
      rowwise('crossEntropy', rows);
      kernels.crossEntropy(loss, correct, logits, targets, rows, vocab, scale);
    },
    sumOfSquares(x, n) {
      inside('sumOfSquares', [['x', x, count('sumOfSquares', n)]]);
      rowwise('sumOfSquares', 0);
      return kernels.sumOfSquares(x, n);
    },
    adamw(w, m, v, g, n, step) {
      inside('adamw', [
        ['w', w, count('adamw', n)],
        ['m', m, n],
        ['v', v, n],
        ['g', g, n],
      ]);
      rowwise('adamw', 0);
      kernels.adamw(w, m, v, g, n, step);
    },
    takeDivergence() {
      inside('takeDivergence', []);
      rowwise('takeDivergence', 0);
      return kernels.takeDivergence();
    },
    byRows(rows, calls) {
      sizes('byRows', { rows });
      record('byRows', { rows, count: 0, ended: false, shared: [], written: [] }, (checked) => kernels.byRows(rows, checked), calls);
    },
    together(calls) {
      record('together', { rows: undefined, count: 0, ended: false, shared: [], written: [] }, kernels.together, calls);
    },
  };
}

type Range = readonly [ptr: Ptr, length: number];

/** What is known of a program while it is recorded. */
interface Program {
  /** Of `byRows`. */
  readonly rows: number | undefined;
  count: number;
  /** rmsNormBackward was called. */
  ended: boolean;
  /** Operands that every unit of work may read, and results of products. */
  readonly shared: Range[];
  readonly written: Range[];
}

function countCall(program: Program): void {
  if (++program.count > PROGRAM_CALLS_MAX) {
    throw numericsError('NUMERICS_BAD_ARGUMENT', `a program has at most ${PROGRAM_CALLS_MAX} calls`);
  }
}

/** No product may write what another one shares, nor, of products that run together, what another one writes. */
function independent(kernel: string, { rows, shared, written }: Program): void {
  for (const [w, [ptr, length]] of written.entries()) {
    const others = rows === undefined ? [...shared, ...written.slice(0, w)] : shared;
    for (const [other, otherLength] of others) disjoint(kernel, 'an operand', other, otherLength, ptr, length);
  }
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
