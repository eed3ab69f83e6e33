import type { Kernels } from '../backend.ts';
import { exp, log } from '../elementary.ts';
import { at, Divergence, fround, isFinite32, lanes } from '../f32.ts';
import type { Memory } from './memory.ts';

type RowKernels = Pick<Kernels, 'embedForward' | 'embedBackward' | 'rmsNormForward' | 'rmsNormBackward' | 'rope' | 'crossEntropy'>;

export function rowKernels(memory: Memory): RowKernels {
  const { f32, i32 } = memory;
  return {
    embedForward(out, table, tokens, rows, dim) {
      for (let r = 0; r < rows; r++) {
        const source = table + (i32[tokens + r] as number) * dim;
        f32.copyWithin(out + r * dim, source, source + dim);
      }
    },

    embedBackward(dTable, dOut, tokens, rows, dim) {
      for (let r = 0; r < rows; r++) {
        const target = dTable + (i32[tokens + r] as number) * dim;
        for (let i = 0; i < dim; i++) f32[target + i] = fround(at(f32, target + i) + at(f32, dOut + r * dim + i));
      }
    },

    rmsNormForward(out, rstd, x, weight, rows, dim, eps) {
      const epsilon = fround(eps);
      for (let r = 0; r < rows; r++) {
        const row = x + r * dim;
        const squares = lanes(dim, (i) => fround(at(f32, row + i) * at(f32, row + i)));
        const scale = fround(1 / fround(Math.sqrt(fround(fround(squares / dim) + epsilon))));
        f32[rstd + r] = scale;
        for (let i = 0; i < dim; i++) f32[out + r * dim + i] = fround(fround(at(f32, row + i) * scale) * at(f32, weight + i));
      }
    },

    rmsNormBackward(dx, dWeight, dOut, x, weight, rstd, rows, dim) {
      const n = new Float32Array(dim);
      const g = new Float32Array(dim);
      for (let r = 0; r < rows; r++) {
        const row = r * dim;
        const scale = at(f32, rstd + r);
        for (let i = 0; i < dim; i++) {
          const d = at(f32, dOut + row + i);
          n[i] = fround(at(f32, x + row + i) * scale);
          g[i] = fround(d * at(f32, weight + i));
          f32[dWeight + i] = fround(at(f32, dWeight + i) + fround(d * at(n, i)));
        }
        const s = fround(lanes(dim, (i) => fround(at(g, i) * at(n, i))) / dim);
        for (let i = 0; i < dim; i++) {
          const gradient = fround(fround(at(g, i) - fround(at(n, i) * s)) * scale);
          f32[dx + row + i] = fround(at(f32, dx + row + i) + gradient);
        }
      }
    },

    rope(x, cosTable, sinTable, rows, rowsPerSequence, offset, heads, headDim, inverse) {
      const half = headDim / 2;
      for (let r = 0; r < rows; r++) {
        const angle = ((r % rowsPerSequence) + offset) * half;
        for (let h = 0; h < heads; h++) {
          const head = x + (r * heads + h) * headDim;
          for (let i = 0; i < half; i++) {
            const a = at(f32, head + i);
            const b = at(f32, head + half + i);
            const cos = at(f32, cosTable + angle + i);
            const sin = inverse ? -at(f32, sinTable + angle + i) : at(f32, sinTable + angle + i);
            f32[head + i] = fround(fround(a * cos) - fround(b * sin));
            f32[head + half + i] = fround(fround(b * cos) + fround(a * sin));
          }
        }
      }
    },

    crossEntropy(loss, correct, logits, targets, rows, vocab, scale) {
      const factor = fround(scale);
      const e = new Float32Array(vocab);
      for (let r = 0; r < rows; r++) {
        const row = logits + r * vocab;
        const target = i32[targets + r] as number;
        let best = 0;
        for (let j = 0; j < vocab; j++) {
          if (!isFinite32(at(f32, row + j))) memory.divergence |= Divergence.ROW;
          if (at(f32, row + j) > at(f32, row + best)) best = j;
        }
        const max = at(f32, row + best);
        for (let j = 0; j < vocab; j++) e[j] = exp(fround(at(f32, row + j) - max));
        const z = lanes(vocab, (j) => at(e, j));
        const rowLoss = fround(log(z) - fround(at(f32, row + target) - max));
        if (!isFinite32(rowLoss)) memory.divergence |= Divergence.ROW;
        f32[loss + r] = rowLoss;
        i32[correct + r] = best === target ? 1 : 0;
        if (factor === 0) continue;
        const share = fround(1 / z);
        for (let j = 0; j < vocab; j++) {
          f32[row + j] = fround(fround(fround(at(e, j) * share) - (j === target ? 1 : 0)) * factor);
        }
      }
    },
  };
}
