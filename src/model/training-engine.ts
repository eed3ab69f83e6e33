import type { Backend } from '../numerics/backend.ts';
import { ropeTables } from '../numerics/rope-table.ts';
import type { LearningConfig, ModelConfig } from '../params/genesis.ts';
import { type BlockActivations, backwardBlock, blockContext, forwardBlock, type Span } from './block.ts';
import { assertConverging, assertFinite, modelError } from './errors.ts';
import { createHead } from './head.ts';
import { headDim, type LayerPointers } from './layout.ts';
import { optimise } from './optimiser.ts';
import { planTraining, type TrainingMemoryOptions } from './training-plan.ts';
import type { TrainingEngine } from './types.ts';

export interface TrainingEngineOptions extends TrainingMemoryOptions {
  readonly model: ModelConfig;
  readonly learning: LearningConfig;
}

/**
 * A Llama model with its AdamW state in one arena; nothing is allocated in a step. Weights and moments start as zeros: the caller
 * fills `weights` (`initialiseWeights`, or a checkpoint). The machine's choices (micro-batch, checkpointing, backend, threads) never
 * change a bit: rows are independent, and every sum over tokens is one chain in ascending order.
 * @throws MODEL_INPUT_INVALID when microBatch is not a positive whole number
 *
 * @example
 * const engine = createTrainingEngine({ model: genesis.model, learning: genesis.learning }, { backend });
 * initialiseWeights(genesis.model, seed, engine.weights);
 * const { loss } = engine.step(tokens, { adamStep: 1, learningRate: learningRateAt(0, genesis.learning) });
 */
export function createTrainingEngine(options: TrainingEngineOptions, dependencies: { readonly backend: Backend }): TrainingEngine {
  const { model, learning } = options;
  const context = model.context_length;
  const plan = planTraining(model, learning, options);
  const arena = dependencies.backend.createArena(plan.words);
  const { kernels } = arena;
  const { count } = plan.layout;
  const tables = ropeTables({ contextLength: context, headDim: headDim(model), theta: model.rope_theta });
  arena.f32(plan.cos, tables.cos.length).set(tables.cos);
  arena.f32(plan.sin, tables.sin.length).set(tables.sin);

  const weights = arena.f32(plan.weightsAt, count);
  const firstMoment = arena.f32(plan.firstMomentAt, count);
  const secondMoment = arena.f32(plan.secondMomentAt, count);
  weights.fill(0);
  clearMoments();

  const microRows = plan.microBatch * context;
  const inputs = arena.i32(plan.tokens, microRows);
  const targets = arena.i32(plan.targets, microRows);
  const losses = arena.f32(plan.losses, microRows);
  const correct = arena.i32(plan.correct, microRows);
  const blocks = blockContext(model, kernels, plan.cos, plan.sin);
  const head = createHead(model, plan, kernels);

  function clearMoments(): void {
    firstMoment.fill(0);
    secondMoment.fill(0);
  }

  /** Sequences in `tokens`, every token checked: kernels index tables by them. */
  function countSequences(tokens: Int32Array): number {
    const sequences = tokens.length / (context + 1);
    if (!Number.isInteger(sequences) || sequences === 0) {
      throw modelError('MODEL_INPUT_INVALID', `${tokens.length} tokens are not sequences of context_length + 1 = ${context + 1}`);
    }
    const wrong = tokens.findIndex((token) => token < 0 || token >= model.vocab_size);
    if (wrong !== -1) {
      throw modelError('MODEL_INPUT_INVALID', `token ${tokens[wrong]} at ${wrong} is outside the vocabulary of ${model.vocab_size}`);
    }
    return sequences;
  }

  function load(tokens: Int32Array, firstSequence: number, sequences: number): void {
    for (let i = 0; i < sequences; i++) {
      const at = (firstSequence + i) * (context + 1);
      inputs.set(tokens.subarray(at, at + context), i * context);
      targets.set(tokens.subarray(at + 1, at + 1 + context), i * context);
    }
  }

  function runBlock(layer: number, span: Span): void {
    const [input, output] = [plan.streams[layer] as number, plan.streams[layer + 1] as number];
    const pointers = plan.weights.layers[layer] as LayerPointers;
    forwardBlock(blocks, pointers, input, output, plan.blocks[layer] as BlockActivations, plan.scratch.narrow, span);
  }

  function forward(span: Span, gradientScale: number): void {
    const rows = span.batch * context;
    kernels.embedForward(plan.streams[0] as number, plan.weights.embedding, plan.tokens, rows, model.dim);
    for (let layer = 0; layer < model.layers; layer++) runBlock(layer, span);
    head.run(rows, gradientScale);
  }

  function backward(span: Span): void {
    for (let layer = model.layers - 1; layer >= 0; layer--) {
      // With checkpointing the shared buffers still hold the last block; the others are computed again.
      if (options.checkpointing === true && layer < model.layers - 1) runBlock(layer, span);
      const [pointers, gradients] = [plan.weights.layers[layer] as LayerPointers, plan.gradients.layers[layer] as LayerPointers];
      const activations = plan.blocks[layer] as BlockActivations;
      backwardBlock(blocks, pointers, gradients, plan.streams[layer] as number, plan.dStream, activations, plan.scratch, span);
    }
    kernels.embedBackward(plan.embeddingGradient, plan.dStream, plan.tokens, span.batch * context, model.dim);
  }

  /** Passes over all sequences, micro-batch by micro-batch; sums in ascending order. */
  function pass(tokens: Int32Array, sequences: number, gradientScale: number): { lossSum: number; hits: number } {
    let lossSum = 0;
    let hits = 0;
    for (let first = 0; first < sequences; first += plan.microBatch) {
      const batch = Math.min(plan.microBatch, sequences - first);
      const span = { batch, queries: context, keyCapacity: context, offset: 0 };
      load(tokens, first, batch);
      forward(span, gradientScale);
      if (gradientScale !== 0) backward(span);
      for (let row = 0; row < batch * context; row++) {
        lossSum = Math.fround(lossSum + (losses[row] as number));
        hits += correct[row] as number;
      }
    }
    return { lossSum, hits };
  }

  return {
    layout: plan.layout,
    weights,
    firstMoment,
    secondMoment,
    hashChunks: dependencies.backend.hashChunks,
    clearMoments,
    step(tokens, stepOptions) {
      const sequences = countSequences(tokens);
      if (sequences !== learning.batch_size) {
        throw modelError('MODEL_INPUT_INVALID', `a step takes batch_size = ${learning.batch_size} sequences, not ${sequences}`);
      }
      const scale = Math.fround(1 / (sequences * context));
      kernels.fill(plan.gradientsAt, count, 0);
      if (model.tied_embeddings) kernels.fill(plan.embeddingGradient, model.vocab_size * model.dim, 0);
      const { lossSum } = pass(tokens, sequences, scale);
      if (model.tied_embeddings) kernels.add(plan.gradients.embedding, plan.embeddingGradient, model.vocab_size * model.dim);

      const loss = Math.fround(lossSum * scale);
      assertConverging(kernels.takeDivergence(), 'training step');
      assertFinite(loss, 'loss');
      stepOptions.onGradient?.(arena.f32(plan.gradientsAt, count));
      const gradNorm = optimise(kernels, plan, learning, stepOptions);
      assertConverging(kernels.takeDivergence(), 'optimizer step');
      return { loss, gradNorm };
    },
    evaluate(tokens) {
      const sequences = countSequences(tokens);
      const { lossSum, hits } = pass(tokens, sequences, 0);
      const loss = Math.fround(lossSum * Math.fround(1 / (sequences * context)));
      assertConverging(kernels.takeDivergence(), 'evaluation');
      assertFinite(loss, 'loss');
      return { loss, accuracy: Math.fround(hits / (sequences * context)) };
    },
    release: () => arena.release(),
  };
}
