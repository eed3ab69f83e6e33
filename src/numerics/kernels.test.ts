import { describe, expect, it } from 'vitest';
import { type Backend, MatmulMode } from './backend.ts';
import { nativeKernelsFile } from './package-root.ts';
import { createReferenceBackend } from './reference.ts';
import {
  attentionCases,
  attentionRowsCase,
  byRowsCase,
  crossEntropyCase,
  elementwiseCases,
  embedCases,
  type KernelCase,
  matmulCase,
  packedCase,
  rmsNormCases,
  ropeCase,
  selfTestCases,
  swigluCases,
  togetherCase,
} from './self-test/cases.ts';
import { createBits } from './self-test/values.ts';
import { compiledBackends } from './testing/backends.ts';

const reference = createReferenceBackend();
const unrounded = createReferenceBackend('f32');
const { NN, NT, TN } = MatmulMode;

interface Outcome {
  readonly words: Int32Array;
  readonly result: number;
  readonly divergence: number;
}

function outcomeOf(backend: Backend, kernelCase: KernelCase): Outcome {
  const arena = backend.createArena(kernelCase.words);
  const result = kernelCase.run(arena);
  const divergence = arena.kernels.takeDivergence();
  const words = arena.i32(0, kernelCase.words).slice();
  arena.release();
  return { words, result, divergence };
}

/** Random shapes around the sizes of tiles and blocks, all three modes, both ways of starting, three ranges of exponents. */
function randomMatmuls(count: number): readonly KernelCase[] {
  const bits = createBits(20240229);
  const sizes = [1, 2, 3, 5, 6, 7, 15, 16, 17, 31, 48, 63, 64, 65, 97];
  const pick = () => sizes[bits() % sizes.length] as number;
  const ranges = [
    { low: -3, high: 3 },
    { low: -58, high: -50 },
    { low: -60, high: 49 },
  ];
  return Array.from({ length: count }, (_, i) => {
    const range = ranges[i % ranges.length] as { low: number; high: number };
    return matmulCase({
      mode: [NN, NT, TN][bits() % 3] as MatmulMode,
      m: pick(),
      n: pick(),
      k: pick(),
      accumulate: i % 2 === 1,
      ...range,
      seed: i,
    });
  });
}

function attentionShapes(): readonly KernelCase[] {
  const shape = (batch: number, queries: number, heads: number, kvHeads: number, headDim: number, keyCapacity = queries, offset = 0) =>
    attentionCases({ batch, queries, keyCapacity, offset, heads, kvHeads, headDim }, queries * 31 + headDim);
  return [
    ...shape(1, 1, 1, 1, 1),
    ...shape(1, 2, 2, 1, 2),
    ...shape(3, 17, 3, 3, 7),
    ...shape(1, 49, 4, 1, 64),
    ...shape(2, 96, 2, 2, 33),
    ...shape(1, 101, 6, 2, 16),
    ...shape(2, 1, 4, 2, 32, 70, 64),
    ...shape(1, 50, 2, 1, 8, 64, 13),
  ];
}

const cases: KernelCase[] = [
  ...selfTestCases(),
  ...randomMatmuls(60),
  // More than one block of each dimension.
  matmulCase({ mode: TN, m: 1601, n: 3, k: 5, accumulate: true }),
  matmulCase({ mode: NT, m: 2, n: 1100, k: 6 }),
  matmulCase({ mode: NN, m: 9, n: 20, k: 1037, accumulate: true }),
  // Several groups of rows, panels of columns and blocks of steps at once.
  matmulCase({ mode: TN, m: 130, n: 70, k: 1029, accumulate: true }),
  matmulCase({ mode: NT, m: 130, n: 70, k: 1029 }),
  ...attentionShapes(),
  attentionRowsCase({ rows: 1, slots: 1, keyCapacity: 1, heads: 1, kvHeads: 1, headDim: 1 }),
  attentionRowsCase({ rows: 9, slots: 4, keyCapacity: 130, heads: 6, kvHeads: 3, headDim: 33 }),
  ...[1, 2, 4, 7, 8, 11, 16, 33].flatMap((m) => [packedCase(m, 16, 32, -4, 2, m), packedCase(m, 301, 97, -58, 40, m)]),
  ...[1, 15, 16, 17, 130].flatMap((dim) => [...rmsNormCases(7, dim, dim), ...embedCases(40, dim, 5, dim)]),
  ...rmsNormCases(300, 100, 77),
  ropeCase(3, 1, 0, 1, 2, false),
  ropeCase(2, 130, 5, 2, 34, true),
  ...[1, 5, 16, 31, 16385].flatMap((n) => [...swigluCases(n, n), ...elementwiseCases(n, n)]),
  ...elementwiseCases(70001, 3),
  ...[1, 2, 16, 17, 1000].flatMap((vocab) => [crossEntropyCase(4, vocab, 0.5, vocab), crossEntropyCase(4, vocab, 0, vocab)]),
];
/** Programs around the least of rows that are worth one, whose chains need several blocks, and that are run call by call. */
const programs: readonly KernelCase[] = [
  ...[1, 23, 24, 49, 200].map((queries) => byRowsCase({ sequences: 1, queries, heads: 1, headDim: 16, hidden: 33, vocab: 17 }, queries)),
  byRowsCase({ sequences: 2, queries: 50, heads: 3, headDim: 2, hidden: 1100, vocab: 65 }),
  togetherCase(1, 1, 1),
  togetherCase(48, 64, 16),
  togetherCase(200, 3, 70),
  togetherCase(20, 9, 1100),
];
cases.push(...programs);
const expectedOf = (backend: Backend) => cases.map((kernelCase) => outcomeOf(backend, kernelCase));
const expected = { bf16: expectedOf(reference), f32: expectedOf(unrounded) };

describe('compiled kernels equal the reference of their arithmetic bit for bit', async () => {
  it.each([...(await compiledBackends()), ...(await compiledBackends('f32'))])('$label', ({ backend }) => {
    for (const [i, kernelCase] of cases.entries()) {
      const found = outcomeOf(backend, kernelCase);
      const wanted = expected[backend.operands][i] as Outcome;
      const at = found.words.findIndex((word, w) => word !== wanted.words[w]);
      expect(at, `${kernelCase.name}: first word that differs`).toBe(-1);
      expect(found.result, kernelCase.name).toBe(wanted.result);
      expect(found.divergence, kernelCase.name).toBe(wanted.divergence);
    }
  });

  if (nativeKernelsFile() === undefined) it.skip('native backends: not built (run node scripts/build-native.mjs)');
});

describe('a packed operand', async () => {
  const references = [reference, unrounded].map((backend) => ({ label: backend.name, backend }));
  it.each([...references, ...(await compiledBackends()), ...(await compiledBackends('f32'))])(
    '$label: has the bits of matmul',
    ({ backend }) => {
      const [m, n, k] = [3, 50, 70];
      const [b, packed, plain, found] = [256, 4096, 12288, 12544];
      const arena = backend.createArena(13000);
      const values = arena.f32(0, b + n * k);
      const bits = createBits(3);
      for (let i = 0; i < values.length; i++) values[i] = ((bits() % 4001) - 2000) / 512;
      arena.kernels.matmul(NT, m, n, k, 0, b, plain, false);
      arena.kernels.packOperand(packed, b, n, k);
      arena.kernels.matmulPacked(m, n, k, 0, packed, found);
      expect(arena.i32(found, m * n)).toEqual(arena.i32(plain, m * n));
    },
  );
});

describe('how a product is cut never changes a bit', async () => {
  const { backend } = (await compiledBackends())[0] as { backend: Backend };
  it.each([
    { name: 'reference', backend: reference },
    { name: backend.name, backend },
  ])('$name: a chain may be split between blocks', ({ backend: used }) => {
    const [m, n, k] = [5, 9, 104];
    const arena = used.createArena(4096);
    const values = arena.f32(0, k * (m + n));
    const bits = createBits(1);
    for (let i = 0; i < values.length; i++) values[i] = ((bits() % 4001) - 2000) / 512;
    const b = 1024;
    arena.f32(b, k * n).set(values.slice(m * k, m * k + k * n));
    const [whole, split] = [2048, 2560];
    arena.kernels.matmul(TN, m, n, k, 0, b, whole, false);
    for (const [from, to] of [
      [0, 32],
      [32, 96],
      [96, 104],
    ] as const) {
      arena.kernels.matmul(TN, m, n, to - from, from * m, b + from * n, split, from > 0);
    }
    expect(arena.i32(split, m * n)).toEqual(arena.i32(whole, m * n));
  });
});
