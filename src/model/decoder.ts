import { type Backend, createLayout, MatmulMode, type Ptr } from '../numerics/backend.ts';
import { ropeTables } from '../numerics/rope-table.ts';
import type { ModelConfig } from '../params/genesis.ts';
import { type BlockActivations, blockContext, forwardBlock } from './block.ts';
import { assertConverging, modelError } from './errors.ts';
import { headDim, keyValueDim, type LayerPointers, locateParameters, parameterLayout } from './layout.ts';
import { planBlock } from './training-plan.ts';
import type { Decoder } from './types.ts';

/** Rows of a prompt computed at once; longer prompts go through in several passes, to the same bits. */
const PREFILL_ROWS = 256;

export interface DecoderOptions {
  readonly model: ModelConfig;
  /** [parameterLayout(model).count] f32, copied; or a function that writes them, so that a file is read straight into place. */
  readonly weights: Float32Array | ((destination: Float32Array) => void);
}

/**
 * Incremental decoding in an arena of its own: weights, and keys and values of context_length positions.
 * Each row is computed as the training engine computes it, so logits equal the full forward pass's to the bit.
 * @throws MODEL_INPUT_INVALID when the weights have another length
 */
export function createDecoder(options: DecoderOptions, dependencies: { readonly backend: Backend }): Decoder {
  const { model } = options;
  const { dim, vocab_size: vocab, context_length: context } = model;
  const plan = planDecoding(model);
  const { layout, pointers } = plan;
  if (typeof options.weights !== 'function' && options.weights.length !== layout.count) {
    throw modelError('MODEL_INPUT_INVALID', `the weights have ${options.weights.length} words, the model ${layout.count}`);
  }
  const arena = dependencies.backend.createArena(plan.words);
  const { kernels } = arena;
  const weights = arena.f32(0, layout.count);
  if (typeof options.weights === 'function') options.weights(weights);
  else weights.set(options.weights);

  const tables = ropeTables({ contextLength: context, headDim: headDim(model), theta: model.rope_theta });
  arena.f32(plan.cos, tables.cos.length).set(tables.cos);
  arena.f32(plan.sin, tables.sin.length).set(tables.sin);
  const blocks = blockContext(model, kernels, plan.cos, plan.sin);
  const inputs = arena.i32(plan.tokens, plan.rows);
  const logits = arena.f32(plan.logits, vocab);
  let position = 0;

  function forward(rows: number): void {
    const span = { batch: 1, queries: rows, keyCapacity: context, offset: position };
    kernels.embedForward(plan.stream, pointers.embedding, plan.tokens, rows, dim);
    for (let layer = 0; layer < model.layers; layer++) {
      const activations = plan.blocks[layer] as BlockActivations;
      forwardBlock(blocks, pointers.layers[layer] as LayerPointers, plan.stream, plan.stream, activations, plan.scratch, span);
    }
  }

  return {
    contextLength: context,
    get position() {
      return position;
    },
    reset() {
      position = 0;
    },
    append(tokens) {
      if (tokens.length === 0) throw modelError('MODEL_INPUT_INVALID', 'append needs at least one token');
      if (position + tokens.length > context) {
        throw modelError(
          'MODEL_CONTEXT_FULL',
          `${position} + ${tokens.length} tokens exceed the context of ${context}; shorten the prompt`,
        );
      }
      const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocab);
      if (wrong !== undefined) throw modelError('MODEL_INPUT_INVALID', `token ${wrong} is outside the vocabulary of ${vocab}`);

      let rows = 0;
      for (let at = 0; at < tokens.length; at += rows) {
        rows = Math.min(plan.rows, tokens.length - at);
        for (let row = 0; row < rows; row++) inputs[row] = tokens[at + row] as number;
        forward(rows);
        position += rows;
      }
      const last = plan.stream + (rows - 1) * dim;
      kernels.rmsNormForward(plan.finalNorm, plan.finalRstd, last, pointers.norm, 1, dim, blocks.epsilon);
      kernels.matmul(MatmulMode.NT, 1, vocab, dim, plan.finalNorm, pointers.head, plan.logits, false);
      assertConverging(kernels.takeDivergence(), 'decoding');
      return logits;
    },
    release: () => arena.release(),
  };
}

/** Bytes of a decoder's arena. A backend's own packing buffers come on top. */
export function decoderMemoryBytes(model: ModelConfig): number {
  return planDecoding(model).words * 4;
}

function planDecoding(model: ModelConfig) {
  const { dim, vocab_size: vocab, context_length: context } = model;
  const rows = Math.min(PREFILL_ROWS, context);
  const layout = parameterLayout(model);
  const arena = createLayout();
  const weightsAt: Ptr = arena.reserve(layout.count);
  const shared = planBlock(arena, model, rows, 0);
  const cacheWords = context * keyValueDim(model);
  const blocks = Array.from({ length: model.layers }, (): BlockActivations => {
    return { ...shared, k: arena.reserve(cacheWords), v: arena.reserve(cacheWords) };
  });
  const tableWords = (context * headDim(model)) / 2;
  return {
    rows,
    layout,
    pointers: locateParameters(model, layout, weightsAt),
    blocks,
    cos: arena.reserve(tableWords),
    sin: arena.reserve(tableWords),
    tokens: arena.reserve(rows),
    stream: arena.reserve(rows * dim),
    scratch: arena.reserve(rows * dim),
    finalNorm: arena.reserve(dim),
    finalRstd: arena.reserve(1),
    logits: arena.reserve(vocab),
    words: arena.words,
  };
}
