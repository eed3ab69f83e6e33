import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gpt2Document, MOST_GPT2_TOKENS } from '../../data/tokenizers/gpt2-document.ts';
import { vectorRoot } from '../../learning/chunks.ts';
import { openStoredModel } from '../../learning/stored-model.ts';
import { parameterLayout } from '../../model/layout.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import { readForeignModel } from '../checkpoint/import.ts';
import { tokenizerOf } from '../checkpoint/stored-tokenizer.ts';
import { type FileTokenizer, fileTokenizer } from '../tokenizer-choice.ts';

/** The model that a network starts from. */
export interface BaseModel {
  readonly config: ModelConfig;
  readonly weights: Float32Array;
  readonly weightsRoot: Hex;
  /** Undefined: GPT-2's. */
  readonly tokenizer: FileTokenizer | undefined;
}

/**
 * Reads a base model: a run's or an imported model's folder, a Hugging Face folder, or a GGUF file.
 * @throws RUN_…, FORMAT_…, DATA_TOKENIZER_INVALID
 */
export async function readBaseModel(path: string, now: () => number): Promise<BaseModel> {
  const own = ['model.json', 'run.json'].some((name) => existsSync(join(path, name)));
  const { config, weights, tokenizer } = own ? await readOwn(path, now) : await readForeignModel(path);
  const isGpt2 = config.vocab_size <= MOST_GPT2_TOKENS && tokenizer.json === (await gpt2Document(config.vocab_size));
  return {
    config,
    weights,
    weightsRoot: toHex(vectorRoot(weights)),
    tokenizer: isGpt2 ? undefined : fileTokenizer(tokenizer, config.vocab_size),
  };
}

async function readOwn(path: string, now: () => number) {
  const stored = await openStoredModel(path, { now });
  const weights = new Float32Array(parameterLayout(stored.config).count);
  await stored.readWeights(weights);
  return { config: stored.config, weights, tokenizer: await tokenizerOf(stored) };
}
