import { type Kernels, MatmulMode } from '../numerics/backend.ts';
import { CHAIN_BLOCK } from '../numerics/f32.ts';
import type { ModelConfig } from '../params/genesis.ts';
import type { TrainingPlan } from './training-plan.ts';

/** Everything after the last block. Logits exist for a few rows at a time only: with a large vocabulary they would be the largest buffer. */
export interface Head {
  /**
   * Final norm, logits and loss of the first `rows` rows; losses and hits are left in the plan's buffers. When `gradientScale` is not 0,
   * also the gradients: dStream receives the last residual stream's, and the head's and the norm's weights continue their chains.
   */
  run(rows: number, gradientScale: number): void;
}

export function createHead(config: ModelConfig, plan: TrainingPlan, kernels: Kernels): Head {
  const { dim, vocab_size: vocab, layers, context_length: context } = config;
  const epsilon = Math.fround(config.norm_eps);
  const { weights, gradients, finalNorm, finalRstd, logits, dStream } = plan;
  const stream = plan.streams[layers] as number;
  const dNorm = plan.scratch.narrow;
  return {
    run(rows, gradientScale) {
      kernels.rmsNormForward(finalNorm, finalRstd, stream, weights.norm, rows, dim, epsilon);
      for (let row = 0, count = 0; row < rows; row += count) {
        // Chains over tokens are in blocks that begin anew with each sequence: a part holds whole blocks, or ends with its sequence.
        count = Math.min(plan.logitRows, context % CHAIN_BLOCK === 0 ? rows - row : context - (row % context));
        const x = finalNorm + row * dim;
        kernels.byRows(count, () => {
          kernels.matmul(MatmulMode.NT, count, vocab, dim, x, weights.head, logits, false);
          kernels.crossEntropy(plan.losses + row, plan.correct + row, logits, plan.targets + row, count, vocab, gradientScale);
          if (gradientScale !== 0) kernels.matmul(MatmulMode.NN, count, dim, vocab, logits, weights.head, dNorm + row * dim, false);
        });
        if (gradientScale !== 0) kernels.matmul(MatmulMode.TN, vocab, dim, count, logits, x, gradients.head, true);
      }
      if (gradientScale === 0) return;
      kernels.fill(dStream, rows * dim, 0);
      kernels.rmsNormBackward(dStream, gradients.norm, dNorm, stream, weights.norm, finalRstd, rows, dim);
    },
  };
}
