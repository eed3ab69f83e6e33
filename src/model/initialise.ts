import type { ModelConfig } from '../params/genesis.ts';
import { utf8 } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { portableTaggedHash } from '../primitives/sha256.ts';
import { modelError } from './errors.ts';
import { parameterLayout } from './layout.ts';
import { philox4x32 } from './philox.ts';

/** Sum of four uniform 16-bit integers (Irwin–Hall): its mean, and its variance 4·(2^32 − 1)/12. */
const SUM_MEAN = 2 * 0xffff;
const SUM_VARIANCE = (4 * (2 ** 32 - 1)) / 12;

/**
 * Writes the initial weights of a model, [parameterLayout(config).count] f32: norms are 1, matrices are drawn from a bell-shaped
 * (four-fold Irwin–Hall) distribution with standard deviation sqrt(2 / (5·dim)) (arXiv:1910.05895), and those that write to the residual
 * stream a further sqrt(2·layers) smaller (GPT-2). Integers, + − × ÷ and sqrt only: the same bits on every machine.
 * @param seed 32 bytes; each tensor has its own key, derived from the seed and its name
 * @throws MODEL_INPUT_INVALID when the seed or the buffer has another length
 */
export function initialiseWeights(config: ModelConfig, seed: Uint8Array, weights: Float32Array): void {
  const layout = parameterLayout(config);
  if (seed.length !== 32) throw modelError('MODEL_INPUT_INVALID', `the seed of the initial weights has ${seed.length} bytes, not 32`);
  if (weights.length !== layout.count) {
    throw modelError('MODEL_INPUT_INVALID', `the weights have ${weights.length} words, the model ${layout.count}`);
  }
  const deviation = Math.sqrt(2 / (5 * config.dim));
  const residualDeviation = deviation / Math.sqrt(2 * config.layers);
  for (const tensor of layout.tensors) {
    const part = weights.subarray(tensor.offset, tensor.offset + tensor.length);
    if (!tensor.decays) {
      part.fill(1);
      continue;
    }
    const writesResidual = tensor.name.endsWith('.o_proj.weight') || tensor.name.endsWith('.down_proj.weight');
    fillBellShaped(
      part,
      portableTaggedHash('pol/initial-weights/1', seed, utf8(tensor.name)),
      writesResidual ? residualDeviation : deviation,
    );
  }
}

/** Element i takes half (i mod 2) of Philox block floor(i/2). */
function fillBellShaped(out: Float32Array, key: Hash, deviation: number): void {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const philoxKey = Uint32Array.of(view.getUint32(0, true), view.getUint32(4, true));
  const counter = Uint32Array.of(0, 0, view.getUint32(8, true), view.getUint32(12, true));
  const words = new Uint32Array(4);
  const factor = deviation / Math.sqrt(SUM_VARIANCE);
  for (let i = 0; i < out.length; i += 2) {
    counter[0] = i / 2;
    counter[1] = i / 2 / 2 ** 32;
    philox4x32(counter, philoxKey, words);
    // Each value is an exact integer times one double, rounded once more to f32.
    out[i] = (halves(words[0] as number) + halves(words[1] as number) - SUM_MEAN) * factor;
    if (i + 1 < out.length) out[i + 1] = (halves(words[2] as number) + halves(words[3] as number) - SUM_MEAN) * factor;
  }
}

function halves(word: number): number {
  return (word & 0xffff) + (word >>> 16);
}
