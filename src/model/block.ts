import { type Kernels, MatmulMode, type Ptr } from '../numerics/backend.ts';
import { CHAIN_BLOCK } from '../numerics/f32.ts';
import type { ModelConfig } from '../params/genesis.ts';
import { headDim, keyValueDim, type LayerPointers } from './layout.ts';

/** Sizes of a model in the terms of kernels, and the tables all blocks share. */
export interface BlockContext {
  readonly kernels: Kernels;
  readonly dim: number;
  readonly keyDim: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** f32 */
  readonly epsilon: number;
  /** Rotary tables [context_length, headDim/2]. */
  readonly cos: Ptr;
  readonly sin: Ptr;
}

export function blockContext(config: ModelConfig, kernels: Kernels, cos: Ptr, sin: Ptr): BlockContext {
  return {
    kernels,
    dim: config.dim,
    keyDim: keyValueDim(config),
    hidden: config.hidden_dim,
    heads: config.heads,
    kvHeads: config.kv_heads,
    headDim: headDim(config),
    epsilon: Math.fround(config.norm_eps),
    cos,
    sin,
  };
}

/** Which rows a pass is about: `batch` sequences of `queries` rows each, the first at position `offset`. */
export interface Span {
  readonly batch: number;
  readonly queries: number;
  /** Rows of k and v held for each sequence. */
  readonly keyCapacity: number;
  /** More than 0 only with a batch of one. */
  readonly offset: number;
}

/** What one block computes, row by row; kept for the backward pass. rows = batch·queries. */
export interface BlockActivations {
  /** [rows, dim], and 1/rms [rows] */
  readonly inputNorm: Ptr;
  readonly inputRstd: Ptr;
  /** [rows, dim], rotated */
  readonly q: Ptr;
  /** [batch·keyCapacity, keyDim]; keys rotated. In decoding: the cache. */
  readonly k: Ptr;
  readonly v: Ptr;
  /** [rows, dim] */
  readonly attention: Ptr;
  /** [batch, heads, queries, 2] */
  readonly stats: Ptr;
  /** Residual stream between attention and feed-forward, [rows, dim]. */
  readonly middle: Ptr;
  readonly postNorm: Ptr;
  readonly postRstd: Ptr;
  /** [rows, hidden] */
  readonly gate: Ptr;
  readonly up: Ptr;
  readonly activation: Ptr;
}

/**
 * One Llama block: middle = input + o(attention(norm(input))), output = middle + down(swiglu(norm(middle))).
 * `scratch` is [rows, dim]. input and output are [rows, dim] and may be the same buffer.
 */
export function forwardBlock(
  context: BlockContext,
  weights: LayerPointers,
  input: Ptr,
  output: Ptr,
  a: BlockActivations,
  scratch: Ptr,
  span: Span,
): void {
  const { kernels, dim, keyDim, hidden, epsilon, cos, sin } = context;
  const { queries, offset } = span;
  const rows = span.batch * queries;
  const k = a.k + offset * keyDim;
  const v = a.v + offset * keyDim;

  kernels.byRows(rows, () => {
    kernels.rmsNormForward(a.inputNorm, a.inputRstd, input, weights.inputNorm, rows, dim, epsilon);
    kernels.matmul(MatmulMode.NT, rows, dim, dim, a.inputNorm, weights.q, a.q, false);
    kernels.matmul(MatmulMode.NT, rows, keyDim, dim, a.inputNorm, weights.k, k, false);
    kernels.matmul(MatmulMode.NT, rows, keyDim, dim, a.inputNorm, weights.v, v, false);
    kernels.rope(a.q, cos, sin, rows, queries, offset, context.heads, context.headDim, false);
    kernels.rope(k, cos, sin, rows, queries, offset, context.kvHeads, context.headDim, false);
  });
  kernels.attentionForward(a.attention, a.stats, a.q, a.k, a.v, attentionShape(context, span));
  kernels.byRows(rows, () => {
    addProjection(context, a.middle, input, a.attention, weights.o, rows, dim, scratch);
    kernels.rmsNormForward(a.postNorm, a.postRstd, a.middle, weights.postNorm, rows, dim, epsilon);
    kernels.matmul(MatmulMode.NT, rows, hidden, dim, a.postNorm, weights.gate, a.gate, false);
    kernels.matmul(MatmulMode.NT, rows, hidden, dim, a.postNorm, weights.up, a.up, false);
    kernels.swigluForward(a.activation, a.gate, a.up, rows * hidden);
    addProjection(context, output, a.middle, a.activation, weights.down, rows, hidden, scratch);
  });
}

function attentionShape(context: BlockContext, span: Span) {
  return { ...span, heads: context.heads, kvHeads: context.kvHeads, headDim: context.headDim };
}

/**
 * out = residual + x·weightᵀ, with the product in a buffer of its own: a chain may start only from +0 or from another chain,
 * since a residual can hold any f32, denormals included, which some matrix units flush.
 */
function addProjection(
  context: BlockContext,
  out: Ptr,
  residual: Ptr,
  x: Ptr,
  weight: Ptr,
  rows: number,
  width: number,
  scratch: Ptr,
): void {
  const { kernels, dim } = context;
  kernels.matmul(MatmulMode.NT, rows, dim, width, x, weight, scratch, false);
  if (out !== residual) kernels.copy(out, residual, rows * dim);
  kernels.add(out, scratch, rows * dim);
}

/** Gradient buffers shared by all blocks. */
export interface BackwardScratch {
  /** [rows, dim] */
  readonly narrow: Ptr;
  /** [rows, hidden] */
  readonly wide: Ptr;
  readonly dQ: Ptr;
  readonly dK: Ptr;
  readonly dV: Ptr;
}

/**
 * Gradient of `forwardBlock` in training (offset 0, keyCapacity = queries). `dStream` [rows, dim] holds the gradient of the output and
 * receives that of the input; weight gradients continue their chains; gate and up of the activations are overwritten.
 */
export function backwardBlock(
  context: BlockContext,
  weights: LayerPointers,
  gradients: LayerPointers,
  input: Ptr,
  dStream: Ptr,
  a: BlockActivations,
  scratch: BackwardScratch,
  span: Span,
): void {
  const { kernels, dim, keyDim, hidden, cos, sin } = context;
  const rows = span.batch * span.queries;
  const { narrow, wide, dQ, dK, dV } = scratch;
  const dGate = a.gate;
  const dUp = a.up;

  overTokens(span, (row, count) => {
    kernels.matmul(MatmulMode.TN, dim, hidden, count, dStream + row * dim, a.activation + row * hidden, gradients.down, true);
  });
  kernels.byRows(rows, () => {
    kernels.matmul(MatmulMode.NN, rows, hidden, dim, dStream, weights.down, wide, false);
    kernels.swigluBackward(dGate, dUp, wide, a.gate, a.up, rows * hidden);
    kernels.matmul(MatmulMode.NN, rows, dim, hidden, dGate, weights.gate, narrow, false);
    kernels.matmul(MatmulMode.NN, rows, dim, hidden, dUp, weights.up, narrow, true);
    kernels.fill(dK, rows * keyDim, 0);
    kernels.fill(dV, rows * keyDim, 0);
    kernels.rmsNormBackward(dStream, gradients.postNorm, narrow, a.middle, weights.postNorm, a.postRstd, rows, dim);
  });
  overTokens(span, (row, count) => {
    const [narrowRow, wideRow] = [row * dim, row * hidden];
    kernels.together(() => {
      kernels.matmul(MatmulMode.TN, hidden, dim, count, dGate + wideRow, a.postNorm + narrowRow, gradients.gate, true);
      kernels.matmul(MatmulMode.TN, hidden, dim, count, dUp + wideRow, a.postNorm + narrowRow, gradients.up, true);
      kernels.matmul(MatmulMode.TN, dim, dim, count, dStream + narrowRow, a.attention + narrowRow, gradients.o, true);
      kernels.matmul(MatmulMode.NN, count, dim, dim, dStream + narrowRow, weights.o, narrow + narrowRow, false);
    });
  });

  kernels.attentionBackward(dQ, dK, dV, narrow, a.stats, a.q, a.k, a.v, attentionShape(context, span));
  kernels.byRows(rows, () => {
    kernels.rope(dQ, cos, sin, rows, span.queries, 0, context.heads, context.headDim, true);
    kernels.rope(dK, cos, sin, rows, span.queries, 0, context.kvHeads, context.headDim, true);
    kernels.matmul(MatmulMode.NN, rows, dim, dim, dQ, weights.q, narrow, false);
    kernels.matmul(MatmulMode.NN, rows, dim, keyDim, dK, weights.k, narrow, true);
    kernels.matmul(MatmulMode.NN, rows, dim, keyDim, dV, weights.v, narrow, true);
    kernels.rmsNormBackward(dStream, gradients.inputNorm, narrow, input, weights.inputNorm, a.inputRstd, rows, dim);
  });
  overTokens(span, (row, count) => {
    const [narrowRow, keyRow] = [row * dim, row * keyDim];
    kernels.together(() => {
      kernels.matmul(MatmulMode.TN, dim, dim, count, dQ + narrowRow, a.inputNorm + narrowRow, gradients.q, true);
      kernels.matmul(MatmulMode.TN, keyDim, dim, count, dK + keyRow, a.inputNorm + narrowRow, gradients.k, true);
      kernels.matmul(MatmulMode.TN, keyDim, dim, count, dV + keyRow, a.inputNorm + narrowRow, gradients.v, true);
    });
  });
}

/**
 * Products that sum over tokens, for `count` rows from `row` each time. Their chains are in blocks of 32 tokens that begin anew with each
 * sequence, so that micro-batches may be of any size: sequences of whole blocks go through together, others one by one.
 */
export function overTokens(span: Pick<Span, 'batch' | 'queries'>, products: (row: number, count: number) => void): void {
  const { batch, queries } = span;
  if (queries % CHAIN_BLOCK === 0) products(0, batch * queries);
  else for (let sequence = 0; sequence < batch; sequence++) products(sequence * queries, queries);
}
