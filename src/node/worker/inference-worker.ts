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
  readonly threads: number;
  readonly slots: number;
  readonly share: number;
}

hostService(async ({ model, tokenizer, assets, backend, threads, slots, share }: InferenceWorkerData) =>
  createInferenceEngine(
    { model, slots, share },
    {
      backend: await selectBackend({ wanted: backend, threads }),
      tokenizer: (await openTextTokenizer({ model, tokenizer }, assets)).tokenizer,
    },
  ),
);
