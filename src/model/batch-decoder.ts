import { type Backend, createLayout, type Kernels, MatmulMode, type Operands, type Ptr } from '../numerics/backend.ts';
import { ropeTables } from '../numerics/rope-table.ts';
import type { ModelConfig } from '../params/genesis.ts';
import { assertConverging, modelError } from './errors.ts';
import { headDim, keyValueDim, type LayerPointers, locateParameters, parameterLayout } from './layout.ts';
import { packWeights, planPackedWeights } from './packed-weights.ts';
import type { BatchDecoder, SequenceInput } from './types.ts';

/** Rows computed at once when nothing else is said; longer prompts go through in several passes, to the same bits. */
const PASS_ROWS = 256;
/** Rows whose logits exist at once, at least. */
const LOGIT_ROWS = 16;

export interface BatchDecoderOptions {
  readonly model: ModelConfig;
  /** [parameterLayout(model).count] f32, copied; or a function that writes them, so that a file is read straight into place. */
  readonly weights: Float32Array | ((destination: Float32Array) => void);
  /** Sequences whose keys and values are held. */
  readonly slots: number;
  /** Tokens of all sequences in one pass, at most; left out: 256, or the context when it is shorter, and never fewer than slots. */
  readonly passRows?: number;
}

/**
 * Decoding of several sequences in an arena of its own: weights, copies of them packed for products of few rows, and keys and values of slots · context_length positions. One product
 * takes the rows of all sequences. No sum crosses rows, so a sequence's bits do not depend on its neighbours, nor on how its tokens are
 * split over passes, and equal those of the training engine's forward pass.
 * @throws MODEL_INPUT_INVALID when the weights have another length
 */
export function createBatchDecoder(options: BatchDecoderOptions, dependencies: { readonly backend: Backend }): BatchDecoder {
  const { model, slots } = options;
  const { dim, hidden_dim: hidden, vocab_size: vocab, context_length: context, heads, kv_heads: kvHeads } = model;
  const plan = planBatchDecoding(model, slots, dependencies.backend.operands, options.passRows);
  const { layout, pointers, maxRows, logitRows } = plan;
  if (typeof options.weights !== 'function' && options.weights.length !== layout.count) {
    throw modelError('MODEL_INPUT_INVALID', `the weights have ${options.weights.length} words, the model ${layout.count}`);
  }
  const arena = dependencies.backend.createArena(plan.words);
  const weights = arena.f32(0, layout.count);
  if (typeof options.weights === 'function') options.weights(weights);
  else weights.set(options.weights);
  const kernels: Kernels = packWeights(arena.kernels, plan.packed);

  const width = headDim(model);
  const keyDim = keyValueDim(model);
  const epsilon = Math.fround(model.norm_eps);
  const tables = ropeTables({ contextLength: context, headDim: width, theta: model.rope_theta });
  const inputs = arena.i32(plan.tokens, maxRows);
  const cosRows = arena.f32(plan.cos, (maxRows * width) / 2);
  const sinRows = arena.f32(plan.sin, (maxRows * width) / 2);
  const rowSlots = arena.i32(plan.rowSlots, maxRows);
  const rowPositions = arena.i32(plan.rowPositions, maxRows);
  const lengths = new Int32Array(slots);
  const cacheAt = (layerCache: Ptr, slot: number, position: number): Ptr => layerCache + (slot * context + position) * keyDim;

  /** Tokens, where each sequence's first row belongs, and the rotary angles of each row's own position. */
  function placeRows(sequences: readonly SequenceInput[]): number {
    let row = 0;
    for (const { slot, tokens } of sequences) {
      const first = lengths[slot] as number;
      inputs.set(tokens, row);
      rowSlots[row] = slot;
      rowPositions[row] = first;
      const [from, to] = [(first * width) / 2, ((first + tokens.length) * width) / 2];
      cosRows.set(tables.cos.subarray(from, to), (row * width) / 2);
      sinRows.set(tables.sin.subarray(from, to), (row * width) / 2);
      row += tokens.length;
    }
    return row;
  }

  /** Keys and values go to the cache; then single rows attend together, sequences of several rows one by one. */
  function attend(layer: number, sequences: readonly SequenceInput[]): void {
    const cache = plan.caches[layer] as { readonly k: Ptr; readonly v: Ptr };
    let row = 0;
    let singles = 0;
    const attendSingles = () => {
      if (singles > 0) attendRows(cache, row - singles, singles);
      singles = 0;
    };
    for (const { slot, tokens } of sequences) {
      const offset = lengths[slot] as number;
      const count = tokens.length;
      kernels.copy(cacheAt(cache.k, slot, offset), plan.k + row * keyDim, count * keyDim);
      kernels.copy(cacheAt(cache.v, slot, offset), plan.v + row * keyDim, count * keyDim);
      if (count === 1) {
        singles++;
      } else {
        attendSingles();
        kernels.attentionForward(
          plan.attention + row * dim,
          plan.stats,
          plan.q + row * dim,
          cacheAt(cache.k, slot, 0),
          cacheAt(cache.v, slot, 0),
          { batch: 1, queries: count, keyCapacity: context, offset, heads, kvHeads, headDim: width },
        );
      }
      row += count;
    }
    attendSingles();
  }

  function attendRows(cache: { readonly k: Ptr; readonly v: Ptr }, row: number, rows: number): void {
    const [at, slotsAt, positionsAt] = [row * dim, plan.rowSlots + row, plan.rowPositions + row];
    const shape = { rows, slots, keyCapacity: context, heads, kvHeads, headDim: width };
    kernels.attentionRows(plan.attention + at, plan.stats, plan.q + at, cache.k, cache.v, slotsAt, positionsAt, shape);
  }

  function block(layer: number, sequences: readonly SequenceInput[], rows: number): void {
    const at = pointers.layers[layer] as LayerPointers;
    const { stream, norm, rstd, q, k, v, attention, gate, up, activation, projected } = plan;
    kernels.byRows(rows, () => {
      kernels.rmsNormForward(norm, rstd, stream, at.inputNorm, rows, dim, epsilon);
      kernels.matmul(MatmulMode.NT, rows, dim, dim, norm, at.q, q, false);
      kernels.matmul(MatmulMode.NT, rows, keyDim, dim, norm, at.k, k, false);
      kernels.matmul(MatmulMode.NT, rows, keyDim, dim, norm, at.v, v, false);
      kernels.rope(q, plan.cos, plan.sin, rows, rows, 0, heads, width, false);
      kernels.rope(k, plan.cos, plan.sin, rows, rows, 0, kvHeads, width, false);
    });
    attend(layer, sequences);
    kernels.byRows(rows, () => {
      kernels.matmul(MatmulMode.NT, rows, dim, dim, attention, at.o, projected, false);
      kernels.add(stream, projected, rows * dim);
      kernels.rmsNormForward(norm, rstd, stream, at.postNorm, rows, dim, epsilon);
      kernels.matmul(MatmulMode.NT, rows, hidden, dim, norm, at.gate, gate, false);
      kernels.matmul(MatmulMode.NT, rows, hidden, dim, norm, at.up, up, false);
      kernels.swigluForward(activation, gate, up, rows * hidden);
      kernels.matmul(MatmulMode.NT, rows, dim, hidden, activation, at.down, projected, false);
      kernels.add(stream, projected, rows * dim);
    });
  }

  /** Final norm of the rows that are asked for, gathered, and their logits. */
  function finish(sequences: readonly SequenceInput[]): readonly (Float32Array | undefined)[] {
    const results: (Float32Array | undefined)[] = [];
    let row = 0;
    let wanted = 0;
    let logitsWanted = 0;
    for (const { tokens, want } of sequences) {
      const count = wantedRows(want, tokens.length);
      const first = row + tokens.length - count;
      if (count > 0) kernels.copy(plan.gathered + wanted * dim, plan.stream + first * dim, count * dim);
      if (want === 'states') results.push(arena.f32(plan.norm + wanted * dim, count * dim));
      else if (count > 0) results.push(arena.f32(plan.logits + logitsWanted * vocab, count * vocab));
      else results.push(undefined);
      if (want !== 'states') logitsWanted += count;
      wanted += count;
      row += tokens.length;
    }
    if (wanted === 0) return results;
    kernels.rmsNormForward(plan.norm, plan.rstd, plan.gathered, pointers.norm, wanted, dim, epsilon);
    if (logitsWanted > 0) {
      // States and logits are not asked for in one pass (checkStep), so the gathered rows are all for the head.
      kernels.matmul(MatmulMode.NT, wanted, vocab, dim, plan.norm, pointers.head, plan.logits, false);
    }
    return results;
  }

  function checkStep(sequences: readonly SequenceInput[]): void {
    if (sequences.length === 0) throw modelError('MODEL_INPUT_INVALID', 'a pass needs at least one sequence');
    const seen = new Set<number>();
    let rows = 0;
    let logits = 0;
    let states = 0;
    for (const { slot, tokens, want } of sequences) {
      if (!Number.isInteger(slot) || slot < 0 || slot >= slots || seen.has(slot)) {
        throw modelError('MODEL_INPUT_INVALID', `slot ${slot} is not one of ${slots}, or stands twice in one pass`);
      }
      seen.add(slot);
      if (tokens.length === 0) throw modelError('MODEL_INPUT_INVALID', 'a sequence needs at least one token');
      const length = lengths[slot] as number;
      if (length + tokens.length > context) {
        throw modelError('MODEL_CONTEXT_FULL', `${length} + ${tokens.length} tokens exceed the context of ${context}; shorten the prompt`);
      }
      const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocab);
      if (wrong !== undefined) throw modelError('MODEL_INPUT_INVALID', `token ${wrong} is outside the vocabulary of ${vocab}`);
      rows += tokens.length;
      if (want === 'states') states += tokens.length;
      else logits += wantedRows(want, tokens.length);
    }
    if (rows > maxRows || logits > logitRows || (states > 0 && logits > 0)) {
      throw modelError(
        'MODEL_INPUT_INVALID',
        `a pass of ${rows} rows with ${logits} logits and ${states} states; at most ${maxRows} rows, and logits of ${logitRows} or states`,
      );
    }
  }

  return {
    contextLength: context,
    slots,
    maxRows,
    maxLogitRows: logitRows,
    length: (slot) => lengths[slot] ?? 0,
    truncate(slot, length) {
      if (length < (lengths[slot] as number)) lengths[slot] = length;
    },
    copy(from, to, length) {
      if (from === to || length > (lengths[from] as number)) {
        throw modelError('MODEL_INPUT_INVALID', `slot ${from} holds ${lengths[from]} tokens; ${length} of them cannot go to slot ${to}`);
      }
      for (const { k, v } of plan.caches) {
        kernels.copy(cacheAt(k, to, 0), cacheAt(k, from, 0), length * keyDim);
        kernels.copy(cacheAt(v, to, 0), cacheAt(v, from, 0), length * keyDim);
      }
      lengths[to] = length;
    },
    step(sequences) {
      checkStep(sequences);
      const rows = placeRows(sequences);
      kernels.embedForward(plan.stream, pointers.embedding, plan.tokens, rows, dim);
      for (let layer = 0; layer < model.layers; layer++) block(layer, sequences, rows);
      const results = finish(sequences);
      assertConverging(kernels.takeDivergence(), 'decoding');
      for (const { slot, tokens } of sequences) lengths[slot] = (lengths[slot] as number) + tokens.length;
      return results;
    },
    release: () => arena.release(),
  };
}

function wantedRows(want: SequenceInput['want'], tokens: number): number {
  return want === 'nothing' ? 0 : want === 'last' ? 1 : tokens;
}

/** Bytes of one sequence's keys and values. */
export function slotMemoryBytes(model: ModelConfig): number {
  return model.context_length * keyValueDim(model) * 2 * model.layers * 4;
}

/** Bytes of a decoder's arena. A backend's own packing buffers come on top. */
export function batchDecoderMemoryBytes(model: ModelConfig, slots: number): number {
  return planBatchDecoding(model, slots, 'bf16', undefined).words * 4;
}

function planBatchDecoding(model: ModelConfig, slots: number, operands: Operands, passRows: number | undefined) {
  const { dim, hidden_dim: hidden, vocab_size: vocab, context_length: context } = model;
  const keyDim = keyValueDim(model);
  const maxRows = Math.max(slots, passRows ?? Math.min(PASS_ROWS, context));
  const logitRows = Math.min(maxRows, Math.max(slots, LOGIT_ROWS));
  const layout = parameterLayout(model);
  const arena = createLayout();
  const weightsAt = arena.reserve(layout.count);
  const pointers = locateParameters(model, layout, weightsAt);
  const cacheWords = slots * context * keyDim;
  const tableWords = (maxRows * headDim(model)) / 2;
  return {
    maxRows,
    logitRows,
    layout,
    pointers,
    packed: planPackedWeights(arena, model, pointers, operands),
    caches: Array.from({ length: model.layers }, () => ({ k: arena.reserve(cacheWords), v: arena.reserve(cacheWords) })),
    cos: arena.reserve(tableWords),
    sin: arena.reserve(tableWords),
    tokens: arena.reserve(maxRows),
    rowSlots: arena.reserve(maxRows),
    rowPositions: arena.reserve(maxRows),
    stream: arena.reserve(maxRows * dim),
    norm: arena.reserve(maxRows * dim),
    rstd: arena.reserve(maxRows),
    q: arena.reserve(maxRows * dim),
    k: arena.reserve(maxRows * keyDim),
    v: arena.reserve(maxRows * keyDim),
    attention: arena.reserve(maxRows * dim),
    stats: arena.reserve(maxRows * model.heads * 2),
    projected: arena.reserve(maxRows * dim),
    gate: arena.reserve(maxRows * hidden),
    up: arena.reserve(maxRows * hidden),
    activation: arena.reserve(maxRows * hidden),
    gathered: arena.reserve(maxRows * dim),
    logits: arena.reserve(logitRows * vocab),
    words: arena.words,
  };
}
