import { createGpt2Tokenizer } from '../../data/tokenizer.ts';
import { createInferenceEngine } from '../../inference/engine.ts';
import { selectBackend } from '../../numerics/backends.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { hostService } from './host.ts';

export interface InferenceWorkerData {
  readonly model: ModelConfig;
  readonly backend: string;
  readonly threads: number;
  readonly slots: number;
  readonly share: number;
}

hostService(async ({ model, backend, threads, slots, share }: InferenceWorkerData) =>
  createInferenceEngine(
    { model, slots, share },
    {
      backend: await selectBackend({ wanted: backend, threads }),
      tokenizer: await createGpt2Tokenizer({ vocabSize: model.vocab_size }),
    },
  ),
);
