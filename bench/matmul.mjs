// Rates of matrix products: squares, and the shapes of training and decoding.
import { packedOperandWords } from '../dist/numerics/backend.js';
import { fastest, percent, row } from './timing.mjs';

const MODES = { NN: 0, NT: 1, TN: 2 };
const WIDTHS = [24, 22, 10, 8, 8];
const SQUARES = [256, 512, 1024, 2048];
/** [what, mode, m, n, k, accumulate] */
const SHAPES = [
  ['projection', 'NT', 2048, 128, 128],
  ['feed-forward', 'NT', 2048, 352, 128],
  ['logits', 'NT', 1024, 4096, 128],
  ['input gradient', 'NN', 2048, 128, 352],
  ['logits gradient', 'NN', 1024, 128, 4096],
  ['weight gradient', 'TN', 128, 352, 2048, true],
  ['weight gradient', 'TN', 128, 128, 2048, true],
  ['head gradient', 'TN', 4096, 128, 1024, true],
  ['weight gradient, wide', 'TN', 768, 2048, 1024, true],
  ['feed-forward, wide', 'NT', 1024, 2048, 768],
  ['decode', 'NT', 1, 2048, 768],
  ['decode logits', 'NT', 1, 32000, 768],
  ['decode, 4 rows', 'NT', 4, 2048, 768],
];

/** [rows, columns, steps]: weights of the last are in no cache. */
const PACKED = [
  [1, 2048, 768],
  [1, 32000, 768],
  [4, 32000, 768],
  [16, 32000, 768],
];

/** Products with weights packed once, as decoding has them: bytes of weights a second, beside a plain read of as many. */
export function benchmarkPacked(backends, { seconds }) {
  row(WIDTHS, 'backend', 'packed product', 'GB/s', 'of a read', '');
  for (const { label, backend } of backends) {
    for (const [m, n, k] of PACKED) {
      const { product, read } = packedRates(backend, m, n, k, seconds);
      row(WIDTHS, label, `${m}x${n}x${k}`, product.toFixed(1), percent(product, read), '');
    }
  }
}

function packedRates(backend, m, n, k, leastSeconds) {
  const words = packedOperandWords(n, k, 'bf16');
  const [a, c, packed] = [0, m * k, m * k + m * n];
  const b = packed + words;
  const arena = backend.createArena(b + n * k);
  arena.f32(a, m * k).forEach((_, i, view) => {
    view[i] = ((i * 7919) % 1024) / 512 - 1;
  });
  arena.f32(b, n * k).forEach((_, i, view) => {
    view[i] = ((i * 104729) % 1024) / 512 - 1;
  });
  arena.kernels.packOperand(packed, b, n, k);
  const product = fastest(() => arena.kernels.matmulPacked(m, n, k, a, packed, c), { leastSeconds });
  const read = fastest(() => arena.kernels.sumOfSquares(packed, words), { leastSeconds });
  arena.release();
  return { product: (words * 4) / product / 1e9, read: (words * 4) / read / 1e9 };
}

export function benchmarkMatmul(backends, peaks, { seconds, largest }) {
  row(WIDTHS, 'backend', 'product', 'GFLOP/s', 'of peak', '');
  const squares = SQUARES.filter((n) => n <= largest).map((n) => ['square', 'NN', n, n, n]);
  for (const { label, backend } of backends) {
    const peak = peaks.get(backend.name);
    for (const [what, mode, m, n, k, accumulate = false] of [...squares, ...SHAPES]) {
      const rate = rateOf(backend, { mode: MODES[mode], m, n, k, accumulate }, seconds);
      row(
        WIDTHS,
        label,
        `${mode} ${m}x${n}x${k}`,
        rate.toFixed(1),
        percent(rate, peak === undefined ? undefined : peak * backend.threads),
        what,
      );
    }
  }
}

/** GFLOP/s, operands of usual size. */
function rateOf(backend, { mode, m, n, k, accumulate }, leastSeconds) {
  const align = (words) => Math.ceil(words / 16) * 16;
  const [a, b, c] = [0, align(m * k), align(m * k) + align(k * n)];
  const arena = backend.createArena(c + m * n);
  arena.f32(a, m * k).forEach((_, i, view) => {
    view[i] = ((i * 7919) % 1024) / 512 - 1;
  });
  arena.f32(b, k * n).forEach((_, i, view) => {
    view[i] = ((i * 104729) % 1024) / 512 - 1;
  });
  const time = fastest(() => arena.kernels.matmul(mode, m, n, k, a, b, c, accumulate), { leastSeconds });
  arena.release();
  return (2 * m * n * k) / time / 1e9;
}
