import { createGpt2Tokenizer } from '../../data/tokenizer.ts';
import { createInferenceEngine } from '../../inference/engine.ts';
import { selectBackend } from '../../numerics/backends.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { hostService } from './host.ts';

export interface InferenceWorkerData {
  readonly model: ModelConfig;
  readonly backend: string;
}

hostService(async ({ model, backend }: InferenceWorkerData) =>
  createInferenceEngine(
    { model },
    {
      backend: await selectBackend({ wanted: backend, threads: 1 }),
      tokenizer: await createGpt2Tokenizer({ vocabSize: model.vocab_size }),
    },
  ),
);
