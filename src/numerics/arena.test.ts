import { totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type Arena, createLayout, MatmulMode } from './backend.ts';
import { createReferenceBackend } from './reference.ts';
import { compiledBackends } from './testing/backends.ts';

const bad = expect.objectContaining({ code: 'NUMERICS_BAD_ARGUMENT' });
const outside = expect.objectContaining({ code: 'NUMERICS_OUT_OF_ARENA' });
const released = expect.objectContaining({ code: 'NUMERICS_RELEASED' });

const backends = [{ label: 'reference', backend: createReferenceBackend() }, ...(await compiledBackends())];

describe.each(backends)('arena of $label', ({ backend }) => {
  it('starts cleared and gives live views', () => {
    const arena = backend.createArena(100);
    expect(arena.f32(0, 100).every((x) => x === 0)).toBe(true);
    arena.f32(4, 2).set([1, 2]);
    arena.kernels.add(16, 4, 2);
    expect([...arena.f32(16, 2)]).toEqual([1, 2]);
    expect(arena.i32(16, 1)[0]).toBe(0x3f800000);
    arena.release();
  });

  it('may not be used after release, and releases twice', () => {
    const arena = backend.createArena(64);
    const view = arena.f32(0, 64);
    arena.release();
    arena.release();
    expect(() => arena.kernels.fill(0, 1, 1)).toThrow(released);
    expect(() => arena.f32(0, 1)).toThrow(released);
    // A view that was kept may be empty now, but never dangles.
    expect(view[0] === undefined || view[0] === 0).toBe(true);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %s words', (words) => {
    expect(() => backend.createArena(words)).toThrow(bad);
  });
});

// Pages that are not touched take no memory, but a system may refuse to promise more than it has.
describe.runIf(totalmem() > 6 * 2 ** 30)('an arena beyond 4 GiB', async () => {
  const compiled = await compiledBackends();
  const large = compiled.filter(({ backend }) => !backend.name.startsWith('wasm'));
  const words = 2 ** 30 + 2 ** 20;

  it.each(large)('$label: kernels and views reach all of it', ({ backend }) => {
    const [m, n, k] = [20, 70, 33];
    const run = (arena: Arena, at: number) => {
      const [a, b, c] = [at, at + 1024, at + 4096] as const;
      arena.f32(a, m * k).set(Float32Array.from({ length: m * k }, (_, i) => Math.sin(i)));
      arena.f32(b, k * n).set(Float32Array.from({ length: k * n }, (_, i) => Math.cos(i)));
      arena.i32(at + 8192, 3).set([5, 0, 19]);
      arena.kernels.matmul(MatmulMode.NN, m, n, k, a, b, c, false);
      arena.kernels.embedForward(at + 6144, c, at + 8192, 3, n);
      return [...arena.f32(c, m * n), ...arena.f32(at + 6144, 3 * n), arena.kernels.sumOfSquares(c, m * n)];
    };
    const small = backend.createArena(2 ** 14);
    const expected = run(small, 0);
    small.release();
    expect(new Set(expected).size).toBeGreaterThan(1000);
    const arena = backend.createArena(words);
    // Operands on both sides of byte 2^32, and wholly beyond it: nothing wraps around to the start.
    for (const at of [2 ** 30 - 4096, 2 ** 30 + 512]) expect(run(arena, at)).toEqual(expected);
    expect(arena.f32(0, 8192).every((x) => x === 0)).toBe(true);
    expect(() => arena.kernels.fill(words - 1, 2, 0)).toThrow(outside);
    arena.release();
  });

  it('is refused by WebAssembly, which names the cure', () => {
    const wasm = compiled.find(({ backend }) => backend.name === 'wasm')?.backend;
    expect(() => wasm?.createArena(words)).toThrow(expect.objectContaining({ code: 'NUMERICS_OUT_OF_MEMORY' }));
    expect(() => wasm?.createArena(words)).toThrow(/32-bit addresses.*native backend.*checkpointing.*smaller model/);
  });
});

it.each([2 ** 40 + 1, Number.POSITIVE_INFINITY])('a native arena of %s words is refused', async (words) => {
  for (const { backend } of await compiledBackends())
    if (!backend.name.startsWith('wasm')) expect(() => backend.createArena(words)).toThrow(bad);
});

describe('guard', () => {
  const arena: Arena = createReferenceBackend().createArena(256);
  const { kernels } = arena;
  const shape = { batch: 1, queries: 2, keyCapacity: 2, offset: 0, heads: 2, kvHeads: 1, headDim: 4 };

  it('refuses operands outside the arena', () => {
    expect(() => kernels.fill(250, 7, 0)).toThrow(outside);
    expect(() => kernels.fill(-1, 2, 0)).toThrow(outside);
    expect(() => kernels.copy(0, 255, 2)).toThrow(outside);
    expect(() => kernels.matmul(0, 8, 8, 8, 0, 64, 200, false)).toThrow(outside);
    expect(() => kernels.attentionForward(0, 16, 32, 64, 252, shape)).toThrow(outside);
    expect(() => kernels.rope(0, 240, 0, 4, 4, 2, 1, 8, false)).toThrow(outside);
    expect(() => arena.f32(200, 57)).toThrow(outside);
  });

  it('refuses sizes and shapes that are not valid', () => {
    expect(() => kernels.matmul(0, 0, 8, 8, 0, 64, 128, false)).toThrow(bad);
    expect(() => kernels.matmul(3 as never, 1, 1, 1, 0, 64, 128, false)).toThrow(bad);
    expect(() => kernels.fill(0, -1, 0)).toThrow(bad);
    expect(() => kernels.rope(0, 64, 128, 1, 1, 0, 1, 3, false)).toThrow(bad);
    expect(() => kernels.attentionForward(0, 16, 32, 64, 96, { ...shape, kvHeads: 3 })).toThrow(bad);
    expect(() => kernels.attentionForward(0, 16, 32, 64, 96, { ...shape, offset: 1 })).toThrow(bad);
    expect(() => kernels.attentionBackward(0, 16, 32, 48, 64, 96, 112, 128, { ...shape, keyCapacity: 4, offset: 2 })).toThrow(bad);
  });

  it('refuses programs whose calls are not independent', () => {
    const product = (mode: 0 | 1 | 2, a: number, b: number, c: number) => kernels.matmul(mode, 4, 4, 4, a, b, c, false);
    const byRows = (rows: number, calls: () => void) => () => kernels.byRows(rows, calls);
    const together = (calls: () => void) => () => kernels.together(calls);
    const normBackward = () => kernels.rmsNormBackward(0, 64, 16, 32, 80, 96, 4, 4);
    expect(byRows(4, () => product(0, 0, 16, 32))).not.toThrow();
    expect(byRows(8, () => product(0, 0, 16, 32))).toThrow(bad);
    expect(byRows(4, () => product(2, 0, 16, 32))).toThrow(bad);
    expect(byRows(4, () => kernels.fill(0, 15, 0))).toThrow(bad);
    expect(byRows(4, () => kernels.sumOfSquares(0, 16))).toThrow(bad);
    expect(byRows(2, () => kernels.attentionForward(0, 16, 32, 64, 96, shape))).toThrow(bad);
    expect(byRows(4, () => [normBackward(), kernels.fill(0, 16, 0)])).toThrow(bad);
    expect(byRows(4, () => [product(0, 0, 16, 32), product(0, 32, 16, 0)])).not.toThrow();
    expect(byRows(4, () => [product(0, 0, 16, 32), product(0, 0, 32, 48)])).toThrow(bad);
    expect(byRows(4, () => kernels.byRows(4, () => {}))).toThrow(bad);
    expect(byRows(4, () => Array.from({ length: 17 }, () => product(0, 0, 16, 32)))).toThrow(bad);
    expect(byRows(0, () => {})).toThrow(bad);
    expect(together(() => kernels.fill(0, 16, 0))).toThrow(bad);
    expect(together(() => [product(0, 0, 16, 32), product(0, 0, 16, 48)])).not.toThrow();
    expect(together(() => [product(0, 0, 16, 32), product(0, 32, 16, 48)])).toThrow(bad);
    expect(together(() => [product(0, 0, 16, 32), product(0, 0, 16, 32)])).toThrow(bad);
    // A program that was refused leaves nothing behind.
    expect(() => kernels.fill(0, 15, 0)).not.toThrow();
  });

  it('refuses a product into its own operand', () => {
    expect(() => kernels.matmul(0, 2, 2, 2, 0, 16, 3, false)).toThrow(bad);
  });

  it('refuses tokens and targets outside their tables', () => {
    arena.i32(0, 2).set([3, -1]);
    expect(() => kernels.embedForward(16, 64, 0, 2, 4)).toThrow(/tokens\[1\] is -1/);
    arena.i32(0, 2).set([3, 48]);
    expect(() => kernels.embedBackward(64, 16, 0, 2, 4)).toThrow(/tokens\[1\] is 48; it must be from 0 to 47/);
    arena.i32(0, 2).set([3, 5]);
    expect(() => kernels.crossEntropy(16, 32, 64, 0, 2, 5, 1)).toThrow(/targets\[1\] is 5/);
  });

  it('lets empty spans be', () => {
    kernels.fill(256, 0, 1);
    kernels.scale(0, 0, 1);
    expect(kernels.sumOfSquares(0, 0)).toBe(0);
  });
});

describe('createLayout', () => {
  it('reserves at multiples of 16 words', () => {
    const layout = createLayout();
    expect([layout.reserve(1), layout.reserve(17), layout.reserve(0), layout.reserve(16)]).toEqual([0, 16, 48, 48]);
    expect(layout.words).toBe(64);
  });
});
