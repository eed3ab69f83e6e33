import { expect, test } from 'vitest';
import { createLayout, MatmulMode } from '../numerics/backend.ts';
import { createReferenceBackend } from '../numerics/reference.ts';
import { initialiseWeights } from './initialise.ts';
import { locateParameters, parameterLayout } from './layout.ts';
import { packWeights, planPackedWeights } from './packed-weights.ts';
import { tinyModel } from './test-shapes.ts';

const ROWS = 17;

test('products of few rows read the packed copies, others the weights, to the same bits', () => {
  const layout = parameterLayout(tinyModel);
  const plan = createLayout();
  const pointers = locateParameters(tinyModel, layout, plan.reserve(layout.count));
  const packed = planPackedWeights(plan, tinyModel, pointers, 'bf16');
  const widest = Math.max(...packed.map(({ n, k }) => Math.max(n, k)));
  const [x, plain, found] = [plan.reserve(ROWS * widest), plan.reserve(ROWS * widest), plan.reserve(ROWS * widest)];
  const arena = createReferenceBackend().createArena(plan.words);
  initialiseWeights(tinyModel, new Uint8Array(32).fill(4), arena.f32(0, layout.count));
  arena.f32(x, ROWS * widest).forEach((_, i, view) => {
    view[i] = ((i * 7919) % 1024) / 512 - 1;
  });

  let copiesRead = 0;
  const counted: typeof arena.kernels = {
    ...arena.kernels,
    matmulPacked(...values) {
      copiesRead++;
      arena.kernels.matmulPacked(...values);
    },
  };
  const kernels = packWeights(counted, packed);
  for (const { weight, n, k } of packed) {
    for (const rows of [1, 16, ROWS]) {
      arena.kernels.matmul(MatmulMode.NT, rows, n, k, x, weight, plain, false);
      kernels.byRows(rows, () => kernels.matmul(MatmulMode.NT, rows, n, k, x, weight, found, false));
      expect(arena.i32(found, rows * n)).toEqual(arena.i32(plain, rows * n));
    }
  }
  expect(copiesRead).toBe(2 * packed.length);
});
