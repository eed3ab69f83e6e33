import { createInferenceEngine } from '../../inference/engine.ts';
import { openTextTokenizer } from '../../learning/assets.ts';
import { selectBackend } from '../../numerics/backends.ts';
import type { ModelConfig, TokenizerChoice } from '../../params/genesis.ts';
import { hostService } from './host.ts';

export interface InferenceWorkerData {
  readonly model: ModelConfig;
  readonly tokenizer: TokenizerChoice;
  /** Folders with its files (learning/assets.ts). */
  readonly assets: readonly string[];
  readonly backend: string;
}

hostService(async ({ model, tokenizer, assets, backend }: InferenceWorkerData) =>
  createInferenceEngine(
    { model },
    {
      backend: await selectBackend({ wanted: backend, threads: 1 }),
      tokenizer: (await openTextTokenizer({ model, tokenizer }, assets)).tokenizer,
    },
  ),
);
