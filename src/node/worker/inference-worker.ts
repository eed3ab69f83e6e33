import { createInferenceEngine } from '../../inference/engine.ts';
import type { Operands } from '../../numerics/backend.ts';
import { selectBackend } from '../../numerics/backends.ts';
import type { ModelConfig, TokenizerChoice } from '../../params/genesis.ts';
import { openLanguage } from '../language.ts';
import { hostService } from './host.ts';

export interface InferenceWorkerData {
  readonly model: ModelConfig;
  readonly tokenizer: TokenizerChoice;
  /** Folders with its files (learning/assets.ts). */
  readonly assets: readonly string[];
  readonly backend: string;
  readonly threads: number;
  readonly operands: Operands;
  readonly slots: number;
  readonly share: number;
}

hostService(async ({ model, tokenizer: choice, assets, backend, threads, operands, slots, share }: InferenceWorkerData) => {
  const { tokenizer, endTokens } = await openLanguage({ model, tokenizer: choice }, assets);
  return createInferenceEngine(
    { model, slots, share, endTokens },
    { backend: await selectBackend({ wanted: backend, threads, operands }), tokenizer },
  );
});
