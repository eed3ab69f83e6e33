/**
 * The arithmetic's contract (docs/numerics.md): what every backend computes, to the bit.
 *
 * Shared rules, not repeated below:
 * - f32 only; every written operation rounds once (IEEE-754, to nearest even); never contracted; gradual underflow.
 * - `bf16(x)`: round to nearest even to 8 significant bits; |x| < 2^-56 becomes +0; |x| > 2^50, Inf or NaN raises the divergence flag.
 * - `lanes(row)`: a row's sum. 16 lanes start at +0; lane l adds elements l, l+16, … ascending; then the tree
 *   l += l+8, l += l+4, l += l+2, l += l+1 (lane l of the lower half adds its partner of the upper half).
 * - `chain`: a sum of products over an index k. Blocks of 32 steps (the last maybe shorter), ascending; in each two sums from +0, e over the
 *   even and o over the odd k, ascending, e = e + a·b, one product and one addition, each rounded (products of bf16 values are exact in
 *   f32); then c = c + (e + o), two additions. That is the order of Intel AMX's TDPBF16PS on tiles of 32 (docs/numerics.md).
 *   A chain that accumulates starts from c on the grid of products: |c| < 2^-103 is first rounded to a multiple of 2^-126, −0 to +0
 *   (f32.ts, chainStart). Results of chains are on that grid already, so a chain may be split before any multiple of 32; no sum in it is
 *   denormal, and steps by zero change nothing.
 * - exp, log and sigmoid are the sequences of operations in elementary.ts.
 * - An operand above 2^50 counts as +0 after raising its flag. Once a flag is raised, what kernels leave behind is not part of the contract.
 * - A row reduction never crosses rows; a reduction over rows (tokens) continues what accumulates, rows ascending: a `chain` in products,
 *   elsewhere one plain sum.
 * - A backend whose `operands` are "f32" does not round operands: where this file says bf16(x), x counts as it is, above 2^50 as before.
 *   Products are then rounded before they are added. It is another arithmetic, for answering as other programs do; no proof is in it.
 * How work is blocked, packed, vectorised or spread over threads is a backend's own business: none of it can change a bit.
 */

/** Offset into an arena, in 4-byte words. Buffers from a `Layout` start at multiples of 16 words (64 bytes). */
export type Ptr = number;

/** Operand orientation of a matrix product, as BLAS writes it. */
export const MatmulMode = {
  /** C[m,n] = A[m,k] · B[k,n] */
  NN: 0,
  /** C[m,n] = A[m,k] · B[n,k]ᵀ */
  NT: 1,
  /** C[m,n] = A[k,m]ᵀ · B[k,n] */
  TN: 2,
} as const;
export type MatmulMode = (typeof MatmulMode)[keyof typeof MatmulMode];

/** Shape of one attention call. Query row b·queries+i stands at position offset+i and sees keys 0…offset+i of sequence b. */
export interface AttentionShape {
  readonly batch: number;
  readonly queries: number;
  /** Rows of K and V held for each sequence (= queries in training; the cache's capacity in decoding). */
  readonly keyCapacity: number;
  /** Position of the first query row; 0 in training. */
  readonly offset: number;
  readonly heads: number;
  /** Divides heads; query head h reads key/value head floor(h / (heads/kvHeads)). */
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Shape of one call of attentionRows. */
export interface AttentionRowsShape extends Pick<AttentionShape, 'keyCapacity' | 'heads' | 'kvHeads' | 'headDim'> {
  readonly rows: number;
  /** Sequences that k and v hold. */
  readonly slots: number;
}

/**
 * Operations over one arena. All matrices are row-major and dense; tokens and targets are i32; numbers are rounded to f32 on entry.
 * Sizes are whole numbers from 1, lengths `n` of elementwise operations from 0.
 * Every call throws NUMERICS_BAD_ARGUMENT for a size, shape or token that is not valid, NUMERICS_OUT_OF_ARENA for an operand outside
 * the arena, NUMERICS_RELEASED after release, NUMERICS_OUT_OF_MEMORY when there is no scratch memory for its shape.
 */
export interface Kernels {
  /**
   * C (+)= op(A)·op(B), operands rounded by bf16(), each element one `chain` over k, from C when `accumulate`, else from +0.
   * A, B and C are f32 in memory; C may not overlap A or B.
   */
  matmul(mode: MatmulMode, m: number, n: number, k: number, a: Ptr, b: Ptr, c: Ptr, accumulate: boolean): void;

  /**
   * packed [packedOperandWords(n, k)] = bf16() of B [n, k], in the form `matmulPacked` reads. Panels of 16 rows of B, zeros beyond the last; in
   * a panel, for each pair of steps 2p, 2p+1 and each of its rows a word with the even step's bf16 in the lower half, zeros from k up to a
   * multiple of 32. Half the bytes of B, rounded once for many products. Operands of f32 have a word each, a step's 16 rows behind the
   * one's before. packed may not overlap B. No part of programs.
   */
  packOperand(packed: Ptr, b: Ptr, n: number, k: number): void;
  /**
   * C = A·Bᵀ to the bits of matmul(NT, m, n, k, A, B, C, false), from a packed B. Made for few rows, when reading B is what takes time;
   * with many rows matmul is faster. C may not overlap A or packed. No part of programs.
   */
  matmulPacked(m: number, n: number, k: number, a: Ptr, packed: Ptr, c: Ptr): void;

  fill(x: Ptr, n: number, value: number): void;
  copy(destination: Ptr, source: Ptr, n: number): void;
  /** y = y + x */
  add(y: Ptr, x: Ptr, n: number): void;

  /** out[r,:] = table[tokens[r],:] */
  embedForward(out: Ptr, table: Ptr, tokens: Ptr, rows: number, dim: number): void;
  /** dTable[tokens[r],:] += dOut[r,:] for r ascending. */
  embedBackward(dTable: Ptr, dOut: Ptr, tokens: Ptr, rows: number, dim: number): void;

  /**
   * RMSNorm (arXiv:1910.07467). rstd[r] = 1 / sqrt(lanes(x·x) / dim + eps), as four rounded operations after the sum;
   * out = (x · rstd) · weight.
   */
  rmsNormForward(out: Ptr, rstd: Ptr, x: Ptr, weight: Ptr, rows: number, dim: number, eps: number): void;
  /**
   * With n = x·rstd and g = dOut·weight: s = lanes(g·n) / dim; dx = dx + (g − n·s)·rstd (residual gradients accumulate);
   * dWeight[i] adds dOut[r,i]·n[r,i] for r ascending (product rounded, then added).
   */
  rmsNormBackward(dx: Ptr, dWeight: Ptr, dOut: Ptr, x: Ptr, weight: Ptr, rstd: Ptr, rows: number, dim: number): void;

  /**
   * Rotary embedding (arXiv:2104.09864), half-split pairs (i, i+headDim/2) as Llama's checkpoints have them, in place.
   * Row r stands at position (r mod rowsPerSequence) + offset; cos and sin are [positions, headDim/2].
   * a' = a·cos − b·sin, b' = b·cos + a·sin; `inverse` negates sin (the gradient).
   */
  rope(
    x: Ptr,
    cos: Ptr,
    sin: Ptr,
    rows: number,
    rowsPerSequence: number,
    offset: number,
    heads: number,
    headDim: number,
    inverse: boolean,
  ): void;

  /**
   * Causal grouped-query attention (arXiv:2305.13245). q [batch·queries, heads·headDim]; k, v [batch·keyCapacity, kvHeads·headDim].
   * For each query row and head, over its visible keys j = 0…p:
   *   s_j = (chain over d of bf16(q_d)·bf16(k_jd)) · scale, scale = f32(1/sqrt(headDim)) = 1/sqrt, both rounded;
   *   m = max s_j; e_j = exp(s_j − m); z = 1 / lanes(e); p_j = e_j · z;
   *   out_d = chain over j of bf16(p_j)·bf16(v_jd).
   * stats [batch, heads, queries, 2] receives m and z.
   */
  attentionForward(out: Ptr, stats: Ptr, q: Ptr, k: Ptr, v: Ptr, shape: AttentionShape): void;
  /**
   * Attention of single rows of several sequences that share a cache: row r is attentionForward with batch 1, queries 1 and offset
   * positions[r] on the keys and values of slot slots[r] (both i32). q, out [rows, heads·headDim]; k, v [slots·keyCapacity, kvHeads·headDim];
   * stats [rows, heads, 2].
   */
  attentionRows(out: Ptr, stats: Ptr, q: Ptr, k: Ptr, v: Ptr, slots: Ptr, positions: Ptr, shape: AttentionRowsShape): void;
  /**
   * Gradients; dq is written, dk and dv are accumulated (the caller clears them). p_j is recomputed from q, k and stats.
   *   dp_j = chain over d of bf16(dOut_d)·bf16(v_jd); t = lanes(p·dp); ds_j = (p_j·(dp_j − t))·scale;
   *   dq_d = chain over j of bf16(ds_j)·bf16(k_jd);
   *   dv_jd chains bf16(p_j)·bf16(dOut_d), dk_jd chains bf16(ds_j)·bf16(q_d), each over the query rows of one head (k is the row's number
   *   in its sequence), continued for the query heads of the group, ascending. Requires offset 0 and keyCapacity = queries.
   */
  attentionBackward(dq: Ptr, dk: Ptr, dv: Ptr, dOut: Ptr, stats: Ptr, q: Ptr, k: Ptr, v: Ptr, shape: AttentionShape): void;

  /** SwiGLU (arXiv:2002.05202): out = (gate·sigmoid(gate))·up. */
  swigluForward(out: Ptr, gate: Ptr, up: Ptr, n: number): void;
  /** s = sigmoid(gate), f = gate·s: dUp = dOut·f; dGate = (dOut·up)·(s + f·(1 − s)). dGate may be gate's own buffer, dUp up's. */
  swigluBackward(dGate: Ptr, dUp: Ptr, dOut: Ptr, gate: Ptr, up: Ptr, n: number): void;

  /**
   * Softmax cross-entropy, in place over logits [rows, vocab]. m = max; e_j = exp(l_j − m); z = lanes(e);
   * loss[r] = log(z) − (l_target − m); correct[r] (i32) = 1 when the lowest index of the maximum is the target, else 0.
   * When `scale` is not 0 logits become their gradient: (e_j·(1/z) − [j = target])·scale; else they stay as they are.
   */
  crossEntropy(loss: Ptr, correct: Ptr, logits: Ptr, targets: Ptr, rows: number, vocab: number, scale: number): void;

  /** Σ x²: lanes() over each run of 16384 elements, run sums added in one ascending chain from +0. */
  sumOfSquares(x: Ptr, n: number): number;
  /** x = x · s */
  scale(x: Ptr, n: number, s: number): void;

  /**
   * AdamW (arXiv:1711.05101), elementwise, with g' = g·gradScale:
   *   m = beta1·m + (1−beta1)·g';  v = beta2·v + ((1−beta2)·g')·g';
   *   w = w − lr·((m·c1) / (sqrt(v·c2) + eps) + weightDecay·w)
   * where c1 = 1/(1−beta1^t), c2 = 1/(1−beta2^t) and 1−beta are computed by the caller, in f32.
   */
  adamw(w: Ptr, m: Ptr, v: Ptr, g: Ptr, n: number, step: AdamwStep): void;

  /**
   * 0, or a bit set naming what left the exact range since the last call: 1 an operand of a product, 2 a logit or loss that is not finite,
   * 4 an updated weight above 2^50 in magnitude, or it or a moment not finite.
   */
  takeDivergence(): number;

  /**
   * Runs the calls that `calls` makes, at most 16, as if one after another; a backend may take them a few rows at a time, so that what one
   * leaves is still in cache when the next one reads it. They must treat `rows` rows each, every row on its own: products NN and NT with
   * m = rows; fill, copy, add, scale and SwiGLU of whole rows (n a multiple of `rows`); embedForward, RMSNorm (rmsNormBackward only as the
   * last), rope and crossEntropy. None may write what another uses for all rows: right operands, weights, tables.
   */
  byRows(rows: number, calls: () => void): void;
  /** Runs the products that `calls` asks for, at most 16, as if one after another. None may write what another one uses. */
  together(calls: () => void): void;
}

const PACKED_PANEL_ROWS = 16;

/** What products are made of: operands rounded to bf16, the arithmetic of networks, or as they are. */
export type Operands = 'bf16' | 'f32';

/** Words of a right operand B [n, k] as `packOperand` writes it. */
export function packedOperandWords(n: number, k: number, operands: Operands): number {
  return (Math.ceil(n / PACKED_PANEL_ROWS) * PACKED_PANEL_ROWS * Math.ceil(k / 32) * 32) / (operands === 'bf16' ? 2 : 1);
}

/** Calls of one program (`byRows`, `together`). */
export const PROGRAM_CALLS_MAX = 16;

/** All already rounded to f32. */
export interface AdamwStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly oneMinusBeta1: number;
  readonly oneMinusBeta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly correction1: number;
  readonly correction2: number;
  readonly gradScale: number;
}

/** A block of memory that one backend computes on. Not shared between threads of JavaScript. */
export interface Arena {
  readonly words: number;
  readonly kernels: Kernels;
  /** A live view; do not keep it across `release`. */
  f32(ptr: Ptr, length: number): Float32Array;
  i32(ptr: Ptr, length: number): Int32Array;
  release(): void;
}

/**
 * native variants are named after the instruction set they use, e.g. "native-avx512bf16", "native-avx2", "native-neon"; those of f32 operands
 * end in _f32.
 */
export type BackendName = 'reference' | 'reference_f32' | 'wasm' | 'wasm-relaxed' | `native-${string}`;

/**
 * SHA-256 of `prefix` (32 bytes) followed by the bytes of one chunk, for each chunk of a vector as it lies in memory, the last maybe shorter.
 * @param chunkBytes a multiple of 4, at least 32
 * @returns 32 bytes for each chunk, one after the other
 */
export type ChunkHasher = (prefix: Uint8Array, vector: Float32Array, chunkBytes: number) => Uint8Array;

export interface Backend {
  readonly name: BackendName;
  readonly threads: number;
  readonly operands: Operands;
  /** Where a little-endian machine has instructions for it, on all threads; elsewhere callers hash with the library they have. */
  readonly hashChunks?: ChunkHasher;
  createArena(words: number): Arena;
}

/** Bump allocator for planning an arena once: sizes first, memory after. */
export interface Layout {
  /** Reserves `words`, aligned to 16 words. */
  reserve(words: number): Ptr;
  readonly words: number;
}

export function createLayout(): Layout {
  let words = 0;
  return {
    reserve(count) {
      const at = words;
      words += Math.ceil(count / 16) * 16;
      return at;
    },
    get words() {
      return words;
    },
  };
}
