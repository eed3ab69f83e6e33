import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ServedModel } from '../../chain/view.ts';
import { createGpt2Tokenizer } from '../../data/tokenizer.ts';
import { vectorRoot, zeroVectorRoot } from '../../learning/chunks.ts';
import { modelRootOf } from '../../learning/model-root.ts';
import { initialiseWeights } from '../../model/initialise.ts';
import { parameterLayout } from '../../model/layout.ts';
import { createReferenceBackend } from '../../numerics/reference.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { createInferenceEngine, type InferenceEngine, type InferenceEngineOptions } from '../engine.ts';
import { createCompletionService } from '../service.ts';

/** A model of some thousand random weights over single bytes, with everything that answers from it. */
export const MODEL: ModelConfig = {
  vocab_size: 256,
  dim: 16,
  layers: 1,
  heads: 2,
  kv_heads: 1,
  hidden_dim: 16,
  context_length: 64,
  tied_embeddings: true,
  rope_theta: 10_000,
  norm_eps: 1e-5,
};

export async function writeWeights(seed = 1, model = MODEL): Promise<ServedModel> {
  const directory = await mkdtemp(join(tmpdir(), 'pol-inference-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const weights = new Float32Array(parameterLayout(model).count);
  initialiseWeights(model, new Uint8Array(32).fill(seed), weights);
  const weightsPath = join(directory, `${seed}.f32`);
  await writeFile(weightsPath, new Uint8Array(weights.buffer));
  const [weightsRoot, momentumRoot] = [vectorRoot(weights), zeroVectorRoot(weights.length)];
  const modelRoot = modelRootOf({ weights: weightsRoot, momentum: momentumRoot });
  return { weightsPath, modelRoot, weightsRoot, momentumRoot, round: seed };
}

export async function openEngine(
  options: Partial<InferenceEngineOptions> = {},
  backend = createReferenceBackend(),
): Promise<InferenceEngine> {
  return createInferenceEngine(
    { model: MODEL, ...options },
    { backend, tokenizer: await createGpt2Tokenizer({ vocabSize: MODEL.vocab_size }) },
  );
}

export async function openCompletions(model = MODEL, backend = createReferenceBackend()) {
  const engine = await openEngine({ model }, backend);
  const served = await writeWeights(1, model);
  const cancelled: number[] = [];
  const watched: InferenceEngine = {
    ...engine,
    cancel: (id) => {
      cancelled.push(id);
      return engine.cancel(id);
    },
  };
  const completions = createCompletionService(
    { contextLength: model.context_length, vocabSize: model.vocab_size, operands: backend.operands },
    { engine: async () => watched, model: async () => served, servedModel: async () => served },
  );
  return { completions, cancelled, served };
}
