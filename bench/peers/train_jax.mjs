// Training steps of a Llama in jax-js' operations, compiled by its `jit` for its WebAssembly backend, in turns, timed: one side of
// bench/compare.mjs. Same protocol as train_torch.py. Its functions consume their arguments: `.ref` keeps one for another use.
//   echo '{"seconds": 2}' | node bench/peers/train_jax.mjs '{"model": {…}, "learning": {…}, "modules": "FOLDER"}'

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stepTokens } from '../shapes.mjs';
import { answerTurns } from './answer-turns.mjs';
import { gaussians, llamaShapes, rotaryTables } from './llama-shapes.mjs';

const { model, learning, modules } = JSON.parse(process.argv[2]);
const main = createRequire(join(modules, 'peers.js')).resolve('@jax-js/jax');
const { version } = JSON.parse(readFileSync(join(dirname(main), '..', 'package.json'), 'utf8'));
const { defaultDevice, init, jit, nn, numpy: np, valueAndGrad, vjp } = await import(pathToFileURL(main.replace(/\.cjs$/, '.js')));
await init('wasm');
defaultDevice('wasm');

const { dim, heads, context_length: context, vocab_size: vocab } = model;
const { batch_size: batch, learning_rate: rate, beta1, beta2, epsilon, weight_decay: decay, clip_norm: clip } = learning;
const headDim = dim / heads;
const rows = stepTokens({ model, learning });
const column = (offset) =>
  Int32Array.from({ length: batch * context }, (_, i) => rows[Math.floor(i / context) * (context + 1) + (i % context) + offset]);
const inputs = np.array(column(0), { dtype: np.int32 });
const targets = np.array(column(1), { dtype: np.int32 });
const [cos, sin] = rotaryTables(model).map((table) => np.array(table).reshape([context, headDim / 2]));
const mask = np.tri(context).astype(np.bool);
const shapes = llamaShapes(model).map(([, shape]) => shape);
let weights = shapes.map((shape, i) =>
  np.array(shape.length > 1 ? gaussians(shape, i) : new Float32Array(shape[0]).fill(1)).reshape(shape),
);
let firsts = shapes.map((shape) => np.zeros(shape));
let seconds = shapes.map((shape) => np.zeros(shape));

const linear = (x, weight) => np.matmul(x, weight.transpose());

function norm(x, weight) {
  const inverse = np.reciprocal(np.sqrt(np.mean(np.square(x.ref), -1, { keepdims: true }).add(model.norm_eps)));
  return x.mul(inverse).mul(weight);
}

/** [batch·context, dim] as [batch, heads, context, headDim]. */
const split = (x) => x.reshape([batch, context, heads, headDim]).transpose([0, 2, 1, 3]);

function rotate(x) {
  const [a, b] = np.split(x, 2, -1);
  return np.concatenate([a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref)), b.mul(cos.ref).add(a.mul(sin.ref))], -1);
}

/** Not `nn.dotProductAttention`: its einsum needs a newer Node. */
function attention(q, k, v) {
  const scores = np.matmul(rotate(split(q)), rotate(split(k)).transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(headDim));
  const mixed = np.matmul(nn.softmax(np.where(mask.ref, scores, -1e9), -1), split(v));
  return mixed.transpose([0, 2, 1, 3]).reshape([batch * context, dim]);
}

function loss(embedded, [table, ...rest], wanted) {
  let x = embedded;
  for (let layer = 0; layer < model.layers; layer++) {
    const [norm1, q, k, v, out, norm2, gate, up, down] = rest.slice(9 * layer, 9 * (layer + 1));
    const y = norm(x.ref, norm1);
    x = x.add(linear(attention(linear(y.ref, q), linear(y.ref, k), linear(y, v)), out));
    const z = norm(x.ref, norm2);
    x = x.add(linear(nn.silu(linear(z.ref, gate)).mul(linear(z, up)), down));
  }
  const logits = linear(norm(x, rest.at(-1)), table);
  const chosen = np.sum(logits.ref.mul(nn.oneHot(wanted, vocab)), -1);
  return np.mean(nn.logsumexp(logits, -1).sub(chosen));
}

const gradients = jit(valueAndGrad(loss, { argnums: [0, 1] }));

const update = jit((w, m, v, raw, corrections) => {
  const total = np.sqrt(raw.map((g) => np.sum(np.square(g.ref))).reduce((a, b) => a.add(b)));
  const scale = np.minimum(1, np.reciprocal(total).mul(clip));
  const [correction1, correction2] = np.split(corrections, 2);
  const clipped = raw.map((g) => g.mul(scale.ref));
  const nextM = m.map((x, i) => x.mul(beta1).add(clipped[i].ref.mul(1 - beta1)));
  const nextV = v.map((x, i) => x.mul(beta2).add(np.square(clipped[i]).mul(1 - beta2)));
  const nextW = w.map((x, i) => {
    const root = np.sqrt(nextV[i].ref.mul(correction2.ref)).add(epsilon);
    const change = nextM[i].ref.mul(correction1.ref).div(root).mul(rate);
    return x.mul(shapes[i].length > 1 ? 1 - rate * decay : 1).sub(change);
  });
  return [nextW, nextM, nextV];
});
let steps = 0;

async function step() {
  steps++;
  const corrections = np.array(Float32Array.of(1 / (1 - beta1 ** steps), 1 / (1 - beta2 ** steps)));
  // The embedding stays outside: `jit` fails on the scatter in its gradient.
  const [embedded, embeddedGradient] = vjp((table) => np.take(table, inputs.ref, 0), [weights[0].ref]);
  const [value, [upper, [head, ...rest]]] = gradients(
    embedded,
    weights.map((x) => x.ref),
    targets.ref,
  );
  const [lower] = embeddedGradient(upper);
  [weights, firsts, seconds] = update(weights, firsts, seconds, [head.add(lower), ...rest], corrections);
  embeddedGradient.dispose();
  return (await value.data())[0];
}

await answerTurns(step, { version: `jax-js ${version} wasm` });
