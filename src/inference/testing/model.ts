import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createGpt2Tokenizer } from '../../data/tokenizer.ts';
import { initialiseWeights } from '../../model/initialise.ts';
import { parameterLayout } from '../../model/layout.ts';
import { createReferenceBackend } from '../../numerics/reference.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { sha256 } from '../../primitives/hash.ts';
import { createInferenceEngine, type InferenceEngine, type InferenceEngineOptions } from '../engine.ts';
import { createCompletionService, type ServedModel } from '../service.ts';

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

export async function writeWeights(seed = 1): Promise<ServedModel> {
  const directory = await mkdtemp(join(tmpdir(), 'pol-inference-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const weights = new Float32Array(parameterLayout(MODEL).count);
  initialiseWeights(MODEL, new Uint8Array(32).fill(seed), weights);
  const weightsPath = join(directory, `${seed}.f32`);
  await writeFile(weightsPath, new Uint8Array(weights.buffer));
  return { weightsPath, modelRoot: sha256(Uint8Array.of(seed)), round: seed };
}

export async function openEngine(options: Partial<InferenceEngineOptions> = {}): Promise<InferenceEngine> {
  return createInferenceEngine(
    { model: MODEL, ...options },
    { backend: createReferenceBackend(), tokenizer: await createGpt2Tokenizer({ vocabSize: MODEL.vocab_size }) },
  );
}

export async function openCompletions() {
  const engine = await openEngine();
  const served = await writeWeights();
  const cancelled: number[] = [];
  const watched: InferenceEngine = {
    ...engine,
    cancel: (id) => {
      cancelled.push(id);
      return engine.cancel(id);
    },
  };
  const completions = createCompletionService(
    { contextLength: MODEL.context_length, vocabSize: MODEL.vocab_size },
    { engine: async () => watched, model: async () => served },
  );
  return { completions, cancelled, served };
}
