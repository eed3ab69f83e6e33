// What every peer's Llama needs before its first step: tensors' shapes, tables and weights of no meaning.

/** [name, shape] of the tensors of a model with tied embeddings and as many key heads as heads, in the order of our layout. */
export function llamaShapes({ layers, dim, hidden_dim: hidden, vocab_size: vocab }) {
  const layer = [
    ['norm1', [dim]],
    ['q', [dim, dim]],
    ['k', [dim, dim]],
    ['v', [dim, dim]],
    ['out', [dim, dim]],
    ['norm2', [dim]],
    ['gate', [hidden, dim]],
    ['up', [hidden, dim]],
    ['down', [dim, hidden]],
  ];
  return [['table', [vocab, dim]], ...Array.from({ length: layers }, () => layer).flat(), ['norm', [dim]]];
}

/** cos and sin [context, head_dim / 2] of the rotary embedding. */
export function rotaryTables({ dim, heads, context_length: context, rope_theta: theta }) {
  const half = dim / heads / 2;
  const angle = (i) => Math.floor(i / half) * theta ** (-(i % half) / half);
  return [Math.cos, Math.sin].map((f) => Float32Array.from({ length: context * half }, (_, i) => f(angle(i))));
}

/** Random numbers around 0 with standard deviation 0.02, the same for the same seed. */
export function gaussians(shape, seed) {
  let state = seed + 1;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const length = shape.reduce((product, n) => product * n, 1);
  return Float32Array.from({ length }, () => 0.02 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}
