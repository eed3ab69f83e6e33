// Training steps of a Llama in TensorFlow.js' operations, on its WebAssembly backend, in turns, timed: one side of bench/compare.mjs. Same
// protocol as train_torch.py.
//   echo '{"seconds": 2}' | node bench/peers/train_tfjs.mjs '{"model": {…}, "learning": {…}, "modules": "FOLDER"}'

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stepTokens } from '../shapes.mjs';
import { answerTurns } from './answer-turns.mjs';
import { gaussians, llamaShapes, rotaryTables } from './llama-shapes.mjs';

const { model, learning, modules } = JSON.parse(process.argv[2]);
const require = createRequire(join(modules, 'peers.js'));
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
await tf.setBackend('wasm');

const { dim, heads, context_length: context, vocab_size: vocab } = model;
const { batch_size: batch, learning_rate: rate, beta1, beta2, epsilon, weight_decay: decay, clip_norm: clip } = learning;
const headDim = dim / heads;
const rows = tf.tensor(stepTokens({ model, learning }), [batch, context + 1], 'int32');
const inputs = rows.slice([0, 0], [batch, context]).flatten();
const targets = tf.oneHot(rows.slice([0, 1], [batch, context]).flatten(), vocab).toFloat();
const [cos, sin] = rotaryTables(model).map((table) => tf.tensor(table, [context, headDim / 2]));
const mask = tf.tidy(() =>
  tf.linalg
    .bandPart(tf.ones([context, context]), -1, 0)
    .sub(1)
    .mul(1e9),
);
const weights = llamaShapes(model).map(([, shape], i) =>
  tf.tensor(shape.length > 1 ? gaussians(shape, i) : new Float32Array(shape[0]).fill(1), shape),
);
const moments = weights.map(({ shape }) => [tf.zeros(shape), tf.zeros(shape)]);

/** a·b. Products of two untransposed matrices are the ones that the backend gives to XNNPACK; transposes of their own keep them so. */
const product = tf.customGrad((a, b, save) => {
  save([a, b]);
  const gradFunc = (dy, [x, y]) => [tf.matMul(dy, tf.transpose(y)), tf.matMul(tf.transpose(x), dy)];
  return { value: tf.matMul(a, b), gradFunc };
});
const linear = (x, weight) => product(x, tf.transpose(weight));

/** The backend has no kernel for the gradient of `gather`: a scatter, which adds what falls on one row. */
const embed = tf.customGrad((table, save) => {
  save([]);
  return { value: tf.gather(table, inputs), gradFunc: (dy) => tf.scatterND(inputs.expandDims(1), dy, [vocab, dim]) };
});

const norm = (x, weight) => x.mul(tf.rsqrt(x.square().mean(-1, true).add(model.norm_eps))).mul(weight);

/** [batch·context, dim] as [batch, heads, context, headDim]. */
const split = (x) => x.reshape([batch, context, heads, headDim]).transpose([0, 2, 1, 3]);

function rotate(x) {
  const [a, b] = tf.split(x, 2, 3);
  return tf.concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], 3);
}

function attention(q, k, v) {
  const scores = tf.matMul(rotate(split(q)), rotate(split(k)), false, true).mul(1 / Math.sqrt(headDim));
  const mixed = tf.matMul(tf.softmax(scores.add(mask)), split(v));
  return mixed.transpose([0, 2, 1, 3]).reshape([batch * context, dim]);
}

function loss(table, ...rest) {
  let x = embed(table);
  for (let layer = 0; layer < model.layers; layer++) {
    const [norm1, q, k, v, out, norm2, gate, up, down] = rest.slice(9 * layer, 9 * (layer + 1));
    const y = norm(x, norm1);
    x = x.add(linear(attention(linear(y, q), linear(y, k), linear(y, v)), out));
    const z = norm(x, norm2);
    const gated = linear(z, gate);
    x = x.add(linear(gated.mul(tf.sigmoid(gated)).mul(linear(z, up)), down));
  }
  const logits = linear(norm(x, rest.at(-1)), table);
  return tf.losses.softmaxCrossEntropy(targets, logits);
}

const gradients = tf.valueAndGrads(loss);
let steps = 0;

function step() {
  const correction1 = 1 - beta1 ** ++steps;
  const correction2 = 1 - beta2 ** steps;
  const [value, ...next] = tf.tidy(() => {
    const { value, grads } = gradients(weights);
    const total = Math.sqrt(tf.addN(grads.map((g) => g.square().sum())).dataSync()[0]);
    const scale = Math.min(1, clip / total);
    const updated = grads.flatMap((raw, i) => {
      const g = raw.mul(scale);
      const m = moments[i][0].mul(beta1).add(g.mul(1 - beta1));
      const v = moments[i][1].mul(beta2).add(g.square().mul(1 - beta2));
      const kept = weights[i].mul(weights[i].rank > 1 ? 1 - rate * decay : 1);
      return [kept.sub(m.div(v.div(correction2).sqrt().add(epsilon)).mul(rate / correction1)), m, v];
    });
    return [value, ...updated];
  });
  for (let i = 0; i < weights.length; i++) {
    tf.dispose([weights[i], moments[i]]);
    weights[i] = next[3 * i];
    moments[i] = next.slice(3 * i + 1, 3 * i + 3);
  }
  const result = value.dataSync()[0];
  value.dispose();
  return result;
}

await answerTurns(step, { version: `tfjs ${tf.version_core} ${tf.getBackend()}` });
