import { type Kernels, type Layout, MatmulMode, type Operands, type Ptr, packedOperandWords } from '../numerics/backend.ts';
import type { ModelConfig } from '../params/genesis.ts';
import { keyValueDim, type ParameterPointers } from './layout.ts';

/** Up to here products read packed weights: reading them takes the time. With more rows rounding them anew is little beside the product. */
const PACKED_ROWS_MAX = 16;

/** A weight matrix [n, k] and the place of its packed copy. */
interface PackedWeight {
  readonly weight: Ptr;
  readonly n: number;
  readonly k: number;
  readonly packed: Ptr;
}

/** Room for packed copies of all matrices that decoding multiplies with: half as many bytes as the weights themselves where operands are bf16. */
export function planPackedWeights(
  arena: Layout,
  config: ModelConfig,
  pointers: ParameterPointers,
  operands: Operands,
): readonly PackedWeight[] {
  const { dim, hidden_dim: hidden, vocab_size: vocab } = config;
  const keyDim = keyValueDim(config);
  const place = (weight: Ptr, n: number, k: number): PackedWeight => ({
    weight,
    n,
    k,
    packed: arena.reserve(packedOperandWords(n, k, operands)),
  });
  return [
    ...pointers.layers.flatMap((layer) => [
      place(layer.q, dim, dim),
      place(layer.k, keyDim, dim),
      place(layer.v, keyDim, dim),
      place(layer.o, dim, dim),
      place(layer.gate, hidden, dim),
      place(layer.up, hidden, dim),
      place(layer.down, dim, hidden),
    ]),
    place(pointers.head, vocab, dim),
  ];
}

/**
 * Packs the weights, once, and returns kernels whose products of few rows with them read the copies: the same bits. The weights must not
 * change afterwards.
 */
export function packWeights(kernels: Kernels, weights: readonly PackedWeight[]): Kernels {
  const copies = new Map(weights.map(({ weight, packed }) => [weight, packed]));
  for (const { weight, n, k, packed } of weights) kernels.packOperand(packed, weight, n, k);
  return {
    ...kernels,
    // Products with packed operands are no part of programs; programs of few rows run call by call anyway.
    byRows: (rows, calls) => (rows <= PACKED_ROWS_MAX ? calls() : kernels.byRows(rows, calls)),
    matmul(mode, m, n, k, a, b, c, accumulate) {
      const packed = mode === MatmulMode.NT && m <= PACKED_ROWS_MAX && !accumulate ? copies.get(b) : undefined;
      if (packed === undefined) kernels.matmul(mode, m, n, k, a, b, c, accumulate);
      else kernels.matmulPacked(m, n, k, a, packed, c);
    },
  };
}
