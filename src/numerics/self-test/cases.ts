import {
  type AdamwStep,
  type Arena,
  type AttentionRowsShape,
  type AttentionShape,
  createLayout,
  MatmulMode,
  type Ptr,
  packedOperandWords,
} from '../backend.ts';
import { fround } from '../f32.ts';
import { ropeTables } from '../rope-table.ts';
import { indices, spread, spreadWithEdges } from './values.ts';

/** One call with fixed inputs: what it leaves in its arena, and returns, must be the same bits on every backend. */
export interface KernelCase {
  readonly name: string;
  readonly words: number;
  /** Fills the arena's inputs and outputs, runs the kernel, returns its number (0 when it has none). */
  run(arena: Arena): number;
}

/** A case under construction: reserves named buffers and remembers how to fill them. */
function caseOf(name: string, seed: number) {
  const layout = createLayout();
  const fills: ((arena: Arena) => void)[] = [];
  let salt = seed;
  const nextSeed = () => {
    salt = (Math.imul(salt, 0x01000193) + 0x811c9dc5) >>> 0;
    return salt;
  };
  return {
    /** f32 buffer of magnitudes 2^low … 2^high, with edge values unless `plain`. */
    floats(length: number, low = -6, high = 3, plain = false): Ptr {
      const ptr = layout.reserve(length);
      const own = nextSeed();
      fills.push((arena) => (plain ? spread : spreadWithEdges)(arena.f32(ptr, length), own, low, high));
      return ptr;
    },
    integers(length: number, limit: number): Ptr {
      const ptr = layout.reserve(length);
      const own = nextSeed();
      fills.push((arena) => indices(arena.i32(ptr, length), own, limit));
      return ptr;
    },
    constant(values: Float32Array): Ptr {
      const ptr = layout.reserve(values.length);
      fills.push((arena) => arena.f32(ptr, values.length).set(values));
      return ptr;
    },
    /** Positive values. */
    positive(length: number, low: number, high: number): Ptr {
      const ptr = layout.reserve(length);
      const own = nextSeed();
      fills.push((arena) => {
        const view = arena.f32(ptr, length);
        spread(view, own, low, high);
        for (let i = 0; i < length; i++) view[i] = Math.abs(view[i] as number);
      });
      return ptr;
    },
    words: () => Math.max(1, layout.words),
    done(run: (arena: Arena) => number | undefined): KernelCase {
      return {
        name,
        words: Math.max(1, layout.words),
        run(arena) {
          for (const fill of fills) fill(arena);
          return run(arena) ?? 0;
        },
      };
    },
  };
}

export interface MatmulCaseOptions {
  readonly mode: MatmulMode;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly accumulate?: boolean;
  /** Exponents of the operands. */
  readonly low?: number;
  readonly high?: number;
  readonly seed?: number;
}

export function matmulCase(options: MatmulCaseOptions): KernelCase {
  const { mode, m, n, k, accumulate = false, low = -4, high = 2, seed = 1 } = options;
  const modeName = (['nn', 'nt', 'tn'] as const)[mode];
  const c = caseOf(`matmul ${modeName} ${m}x${n}x${k}${accumulate ? ' accumulate' : ''} 2^${low}…${high}`, seed);
  const a = c.floats(m * k, low, high);
  const b = c.floats(k * n, low, high);
  const out = c.floats(m * n, 2 * low, 2 * high);
  return c.done((arena) => {
    arena.kernels.matmul(mode, m, n, k, a, b, out, accumulate);
    return undefined;
  });
}

/** An operand packed, and rows multiplied with it. */
export function packedCase(m: number, n: number, k: number, low = -4, high = 2, seed = 13): KernelCase {
  const c = caseOf(`packed ${m}x${n}x${k} 2^${low}…${high}`, seed);
  const [a, b] = [c.floats(m * k, low, high), c.floats(n * k, low, high)];
  const packed = c.floats(packedOperandWords(n, k, 'f32'));
  const out = c.floats(m * n);
  return c.done(({ kernels }) => {
    kernels.packOperand(packed, b, n, k);
    kernels.matmulPacked(m, n, k, a, packed, out);
    return undefined;
  });
}

export function rmsNormCases(rows: number, dim: number, seed = 2): readonly KernelCase[] {
  const f = caseOf(`rmsNormForward ${rows}x${dim}`, seed);
  const fx = f.floats(rows * dim);
  const fw = f.floats(dim);
  const out = f.floats(rows * dim);
  const fr = f.floats(rows);
  const b = caseOf(`rmsNormBackward ${rows}x${dim}`, seed);
  const dx = b.floats(rows * dim);
  const dw = b.floats(dim);
  const dOut = b.floats(rows * dim);
  const bx = b.floats(rows * dim);
  const bw = b.floats(dim);
  const br = b.positive(rows, -2, 2);
  return [
    f.done((arena) => void arena.kernels.rmsNormForward(out, fr, fx, fw, rows, dim, fround(1e-5))),
    b.done((arena) => void arena.kernels.rmsNormBackward(dx, dw, dOut, bx, bw, br, rows, dim)),
  ];
}

export function embedCases(rows: number, dim: number, vocab: number, seed = 3): readonly KernelCase[] {
  const f = caseOf(`embedForward ${rows}x${dim}`, seed);
  const table = f.floats(vocab * dim);
  const tokens = f.integers(rows, vocab);
  const out = f.floats(rows * dim);
  const b = caseOf(`embedBackward ${rows}x${dim}`, seed);
  const dTable = b.floats(vocab * dim);
  const bTokens = b.integers(rows, vocab);
  const dOut = b.floats(rows * dim);
  return [
    f.done((arena) => void arena.kernels.embedForward(out, table, tokens, rows, dim)),
    b.done((arena) => void arena.kernels.embedBackward(dTable, dOut, bTokens, rows, dim)),
  ];
}

export function ropeCase(sequences: number, length: number, offset: number, heads: number, headDim: number, inverse: boolean): KernelCase {
  const c = caseOf(`rope ${sequences}x${length}+${offset} ${heads}x${headDim}${inverse ? ' inverse' : ''}`, 4);
  const tables = ropeTables({ contextLength: length + offset, headDim, theta: 10000 });
  const cos = c.constant(tables.cos);
  const sin = c.constant(tables.sin);
  const rows = sequences * length;
  const x = c.floats(rows * heads * headDim);
  return c.done((arena) => void arena.kernels.rope(x, cos, sin, rows, length, offset, heads, headDim, inverse));
}

/** Forward, and backward where the shape allows it (with the statistics of the same inputs). */
export function attentionCases(shape: AttentionShape, seed = 5): readonly KernelCase[] {
  const { batch, queries, keyCapacity, offset, heads, kvHeads, headDim } = shape;
  const label = `${batch}x${queries}/${keyCapacity}+${offset} ${heads}/${kvHeads}x${headDim}`;
  const queryWords = batch * queries * heads * headDim;
  const kvWords = batch * keyCapacity * kvHeads * headDim;
  const build = (name: string) => {
    const c = caseOf(`${name} ${label}`, seed);
    const q = c.floats(queryWords, -3, 1);
    const k = c.floats(kvWords, -3, 1);
    const v = c.floats(kvWords, -3, 1);
    const out = c.floats(queryWords);
    const stats = c.floats(batch * heads * queries * 2);
    return { c, q, k, v, out, stats };
  };
  const f = build('attentionForward');
  const forward = f.c.done((arena) => void arena.kernels.attentionForward(f.out, f.stats, f.q, f.k, f.v, shape));
  if (offset !== 0 || keyCapacity !== queries) return [forward];
  const b = build('attentionBackward');
  const dOut = b.c.floats(queryWords, -5, 1);
  const dq = b.c.floats(queryWords);
  const dk = b.c.floats(kvWords);
  const dv = b.c.floats(kvWords);
  const backward = b.c.done((arena) => {
    arena.kernels.attentionForward(b.out, b.stats, b.q, b.k, b.v, shape);
    arena.kernels.attentionBackward(dq, dk, dv, dOut, b.stats, b.q, b.k, b.v, shape);
    return undefined;
  });
  return [forward, backward];
}

/** Rows of several sequences at drawn positions. */
export function attentionRowsCase(shape: AttentionRowsShape, seed = 14): KernelCase {
  const { rows, slots, keyCapacity, heads, kvHeads, headDim } = shape;
  const c = caseOf(`attentionRows ${rows}/${slots}x${keyCapacity} ${heads}/${kvHeads}x${headDim}`, seed);
  const [queryWords, kvWords] = [rows * heads * headDim, slots * keyCapacity * kvHeads * headDim];
  const [q, k, v] = [c.floats(queryWords, -3, 1), c.floats(kvWords, -3, 1), c.floats(kvWords, -3, 1)];
  const [out, stats] = [c.floats(queryWords), c.floats(rows * heads * 2)];
  const [slot, position] = [c.integers(rows, slots), c.integers(rows, keyCapacity)];
  return c.done((arena) => void arena.kernels.attentionRows(out, stats, q, k, v, slot, position, shape));
}

export function swigluCases(n: number, seed = 6): readonly KernelCase[] {
  const f = caseOf(`swigluForward ${n}`, seed);
  const gate = f.floats(n, -8, 6);
  const up = f.floats(n);
  const out = f.floats(n);
  const b = caseOf(`swigluBackward ${n}`, seed);
  const bGate = b.floats(n, -8, 6);
  const bUp = b.floats(n);
  const dOut = b.floats(n);
  return [
    f.done((arena) => void arena.kernels.swigluForward(out, gate, up, n)),
    // In place, as training does it.
    b.done((arena) => void arena.kernels.swigluBackward(bGate, bUp, dOut, bGate, bUp, n)),
  ];
}

export function crossEntropyCase(rows: number, vocab: number, scale: number, seed = 7): KernelCase {
  const c = caseOf(`crossEntropy ${rows}x${vocab} scale ${scale}`, seed);
  const logits = c.floats(rows * vocab, -6, 4);
  const targets = c.integers(rows, vocab);
  const loss = c.floats(rows);
  const correct = c.integers(rows, 9);
  return c.done((arena) => void arena.kernels.crossEntropy(loss, correct, logits, targets, rows, vocab, scale));
}

/** Every row's first target wins twice: ties must go to the lowest index. */
function crossEntropyTiesCase(rows: number, vocab: number): KernelCase {
  const c = caseOf(`crossEntropy ties ${rows}x${vocab}`, 8);
  const logits = c.constant(Float32Array.from({ length: rows * vocab }, (_, i) => ((i % vocab) % 3 === 1 ? 2 : -1)));
  const targets = c.integers(rows, Math.min(vocab, 5));
  const loss = c.floats(rows);
  const correct = c.integers(rows, 9);
  return c.done((arena) => void arena.kernels.crossEntropy(loss, correct, logits, targets, rows, vocab, 0.125));
}

const SELF_TEST_ADAMW_STEP: AdamwStep = {
  learningRate: fround(3e-4),
  beta1: fround(0.9),
  beta2: fround(0.95),
  oneMinusBeta1: fround(1 - fround(0.9)),
  oneMinusBeta2: fround(1 - fround(0.95)),
  epsilon: fround(1e-8),
  weightDecay: fround(0.1),
  correction1: fround(3.6900369),
  correction2: fround(7.0113033),
  gradScale: fround(0.37),
};

export function elementwiseCases(n: number, seed = 9): readonly KernelCase[] {
  const two = (name: string, run: (arena: Arena, y: Ptr, x: Ptr) => number | undefined): KernelCase => {
    const c = caseOf(`${name} ${n}`, seed);
    const y = c.floats(n, -60, 40);
    const x = c.floats(n, -60, 40);
    return c.done((arena) => run(arena, y, x));
  };
  const adam = caseOf(`adamw ${n}`, seed);
  const w = adam.floats(n);
  const m = adam.floats(n, -20, 0);
  const v = adam.positive(n, -40, -2);
  const g = adam.floats(n, -30, 2);
  return [
    two('fill', (arena, y) => void arena.kernels.fill(y, n, fround(-0.3))),
    two('copy', (arena, y, x) => void arena.kernels.copy(y, x, n)),
    two('add', (arena, y, x) => void arena.kernels.add(y, x, n)),
    two('scale', (arena, y) => void arena.kernels.scale(y, n, fround(0.7))),
    two('sumOfSquares', (arena, y) => arena.kernels.sumOfSquares(y, n)),
    adam.done((arena) => void arena.kernels.adamw(w, m, v, g, n, SELF_TEST_ADAMW_STEP)),
  ];
}

export interface ByRowsCaseOptions {
  readonly sequences: number;
  readonly queries: number;
  readonly heads: number;
  readonly headDim: number;
  readonly hidden: number;
  readonly vocab: number;
}

/** Programs of row-wise calls, as a block and the head make them: every kind of call, each reading what one before it left. */
export function byRowsCase(options: ByRowsCaseOptions, seed = 11): KernelCase {
  const { sequences, queries, heads, headDim, hidden, vocab } = options;
  const rows = sequences * queries;
  const dim = heads * headDim;
  const c = caseOf(`byRows ${rows}x${dim}x${hidden}x${vocab}`, seed);
  const { cos: cosines, sin: sines } = ropeTables({ contextLength: queries, headDim, theta: 10000 });
  const cos = c.constant(cosines);
  const sin = c.constant(sines);
  const tokens = c.integers(rows, vocab);
  const table = c.floats(vocab * dim, -3, 0);
  const norm = c.floats(dim, -1, 1);
  const gateWeight = c.floats(hidden * dim, -5, -1);
  const upWeight = c.floats(hidden * dim, -5, -1);
  const [x, normed, narrow, dx] = [c.floats(rows * dim), c.floats(rows * dim), c.floats(rows * dim), c.floats(rows * dim, -6, -1)];
  const [gate, up, wide] = [c.floats(rows * hidden), c.floats(rows * hidden), c.floats(rows * hidden)];
  const logits = c.floats(rows * vocab);
  const [rstd, loss, correct, dNorm] = [c.floats(rows), c.floats(rows), c.integers(rows, 9), c.floats(dim)];
  return c.done(({ kernels }) => {
    kernels.byRows(rows, () => {
      kernels.embedForward(x, table, tokens, rows, dim);
      kernels.rmsNormForward(normed, rstd, x, norm, rows, dim, fround(1e-5));
    });
    kernels.byRows(rows, () => {
      kernels.rope(normed, cos, sin, rows, queries, 0, heads, headDim, false);
      kernels.matmul(MatmulMode.NT, rows, hidden, dim, normed, gateWeight, gate, false);
      kernels.matmul(MatmulMode.NT, rows, hidden, dim, normed, upWeight, up, false);
      kernels.swigluForward(wide, gate, up, rows * hidden);
      kernels.matmul(MatmulMode.NN, rows, dim, hidden, wide, gateWeight, narrow, false);
      kernels.matmul(MatmulMode.NN, rows, dim, hidden, gate, upWeight, narrow, true);
      kernels.copy(normed, x, rows * dim);
      kernels.add(normed, narrow, rows * dim);
      kernels.scale(normed, rows * dim, fround(0.3));
    });
    kernels.byRows(rows, () => {
      kernels.matmul(MatmulMode.NT, rows, vocab, dim, normed, table, logits, false);
      kernels.crossEntropy(loss, correct, logits, tokens, rows, vocab, fround(0.01));
      kernels.matmul(MatmulMode.NN, rows, dim, vocab, logits, table, narrow, false);
      kernels.swigluBackward(gate, up, wide, gate, up, rows * hidden);
      kernels.fill(dx, rows * dim, fround(0.125));
      kernels.rmsNormBackward(dx, dNorm, narrow, x, norm, rstd, rows, dim);
    });
    return undefined;
  });
}

/** Products that share operands on either side, and one of another shape. */
export function togetherCase(m: number, n: number, k: number, seed = 12): KernelCase {
  const c = caseOf(`together ${m}x${n}x${k}`, seed);
  const [a, b, other] = [c.floats(k * m), c.floats(k * n), c.floats(k * n)];
  const [first, second, third] = [c.floats(m * n), c.floats(m * n), c.floats(m * m)];
  const [square, fourth] = [c.floats(n * n), c.floats(k * n)];
  return c.done(({ kernels }) => {
    kernels.together(() => {
      kernels.matmul(MatmulMode.TN, m, n, k, a, b, first, true);
      kernels.matmul(MatmulMode.TN, m, n, k, a, other, second, true);
      kernels.matmul(MatmulMode.TN, m, m, k, a, a, third, false);
      kernels.matmul(MatmulMode.NN, k, n, n, b, square, fourth, false);
    });
    return undefined;
  });
}

/** Values outside the exact range raise the flag, and no other; the numbers left behind are not part of the contract. */
function divergenceCases(): readonly KernelCase[] {
  const planted = (name: string, value: number, run: (arena: Arena, x: Ptr) => void): KernelCase => {
    const c = caseOf(`divergence ${name} ${value}`, 10);
    const x = c.floats(4096, -3, 3, true);
    return c.done((arena) => {
      // Targets of the classification, second moments of the update.
      arena.i32(x + 1024, 64).fill(0);
      arena.f32(x, 4096)[17] = value;
      run(arena, x);
      arena.f32(0, c.words()).fill(0);
      return arena.kernels.takeDivergence() * 8 + arena.kernels.takeDivergence();
    });
  };
  const huge = 2 ** 50 * (1 + 2 ** -23);
  const packing = (arena: Arena, x: Ptr) => arena.kernels.packOperand(x + 2048, x, 8, 8);
  const multiplyPacked = (arena: Arena, x: Ptr) => {
    arena.kernels.packOperand(x + 2048, x + 512, 8, 8);
    arena.kernels.matmulPacked(8, 8, 8, x, x + 2048, x + 3072);
  };
  const shape: AttentionShape = { batch: 1, queries: 4, keyCapacity: 4, offset: 0, heads: 2, kvHeads: 1, headDim: 6 };
  const multiply = (arena: Arena, x: Ptr) => arena.kernels.matmul(MatmulMode.NN, 8, 8, 8, x, x + 512, x + 2048, false);
  const attend = (arena: Arena, x: Ptr) => arena.kernels.attentionForward(x + 2048, x + 3072, x, x + 256, x + 512, shape);
  const classify = (arena: Arena, x: Ptr) => arena.kernels.crossEntropy(x + 2048, x + 3072, x, x + 1024, 4, 24, 1);
  const update = (arena: Arena, x: Ptr) => arena.kernels.adamw(x, x + 2048, x + 1024, x + 3072, 18, SELF_TEST_ADAMW_STEP);
  const updateGradient = (arena: Arena, x: Ptr) => arena.kernels.adamw(x + 2048, x + 3072, x + 1024, x, 18, SELF_TEST_ADAMW_STEP);
  const multiplyRows = (arena: Arena, x: Ptr) =>
    arena.kernels.byRows(64, () => arena.kernels.matmul(MatmulMode.NN, 64, 8, 8, x, x + 512, x + 2048, false));
  const multiplyTogether = (arena: Arena, x: Ptr) => arena.kernels.together(() => multiply(arena, x));
  const inf = Number.POSITIVE_INFINITY;
  return [
    planted('matmul', 2 ** 50, multiply),
    planted('matmul', huge, multiply),
    planted('matmul', -inf, multiply),
    planted('matmul', Number.NaN, multiply),
    planted('byRows', huge, multiplyRows),
    planted('together', huge, multiplyTogether),
    planted('packOperand', huge, packing),
    planted('matmulPacked', -inf, multiplyPacked),
    planted('attention', -huge, attend),
    planted('crossEntropy', huge, classify),
    planted('crossEntropy', -inf, classify),
    planted('crossEntropy', Number.NaN, classify),
    planted('adamw gradient', 1, updateGradient),
    planted('adamw gradient', inf, updateGradient),
    planted('adamw gradient', Number.NaN, updateGradient),
    planted('adamw weight', 2 ** 49, update),
    planted('adamw weight', huge * 2, update),
  ];
}

/** The cases of the self-test: every kernel, whole and broken tiles, more than one task, every orientation, edge values. */
export function selfTestCases(): readonly KernelCase[] {
  const { NN, NT, TN } = MatmulMode;
  return [
    matmulCase({ mode: NN, m: 13, n: 150, k: 37 }),
    matmulCase({ mode: NT, m: 101, n: 65, k: 80, accumulate: true }),
    matmulCase({ mode: TN, m: 67, n: 70, k: 129, accumulate: true }),
    matmulCase({ mode: NT, m: 7, n: 19, k: 531 }),
    matmulCase({ mode: NN, m: 6, n: 64, k: 40, low: -60, high: -50, accumulate: true }),
    matmulCase({ mode: TN, m: 5, n: 18, k: 33, low: -60, high: 49 }),
    packedCase(5, 150, 70),
    packedCase(19, 37, 33, -60, 49),
    ...embedCases(29, 70, 11),
    ...rmsNormCases(9, 83),
    ropeCase(2, 11, 3, 3, 20, false),
    ropeCase(2, 11, 0, 3, 20, true),
    ...attentionCases({ batch: 2, queries: 51, keyCapacity: 51, offset: 0, heads: 4, kvHeads: 2, headDim: 20 }),
    ...attentionCases({ batch: 2, queries: 3, keyCapacity: 40, offset: 30, heads: 2, kvHeads: 1, headDim: 16 }),
    attentionRowsCase({ rows: 5, slots: 3, keyCapacity: 40, heads: 4, kvHeads: 2, headDim: 20 }),
    ...swigluCases(1003),
    crossEntropyCase(5, 301, 0.0625),
    crossEntropyCase(3, 64, 0),
    crossEntropyTiesCase(6, 37),
    ...elementwiseCases(20011),
    byRowsCase({ sequences: 3, queries: 37, heads: 2, headDim: 10, hidden: 70, vocab: 83 }),
    togetherCase(101, 70, 133),
    ...divergenceCases(),
  ];
}
