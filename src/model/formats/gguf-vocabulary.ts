import type { GgufTokenizerEntries } from './llama-gguf.ts';

/** A vocabulary as data/tokenizers/gguf-vocabulary.ts makes it. */
export interface GgufVocabularyFields {
  readonly model: string;
  readonly pre: string;
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  readonly merges: readonly string[];
  readonly scores: readonly number[] | undefined;
  readonly bos: number;
  readonly eos: number;
  readonly addPrefixSpace: boolean;
  readonly chatTemplate: string | undefined;
  readonly json: string;
}

/** Where a GGUF file carries the tokenizer.json it was made from (docs/gguf.md). */
export const TOKENIZER_JSON_KEY = 'tokenizer.huggingface.json';

/** The `tokenizer.*` entries of a file. Neither end is added to a text: networks train without. */
export function vocabularyEntries(vocabulary: GgufVocabularyFields): GgufTokenizerEntries {
  const { merges, scores, chatTemplate } = vocabulary;
  return [
    ['tokenizer.ggml.model', { type: 'string', value: vocabulary.model }],
    ['tokenizer.ggml.pre', { type: 'string', value: vocabulary.pre }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: vocabulary.tokens }],
    ...(scores === undefined ? [] : ([['tokenizer.ggml.scores', { type: 'float32s', value: scores }]] as const)),
    ['tokenizer.ggml.token_type', { type: 'int32s', value: vocabulary.types }],
    ...(merges.length === 0 ? [] : ([['tokenizer.ggml.merges', { type: 'strings', value: merges }]] as const)),
    ['tokenizer.ggml.bos_token_id', { type: 'uint32', value: vocabulary.bos }],
    ['tokenizer.ggml.eos_token_id', { type: 'uint32', value: vocabulary.eos }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: false }],
    ['tokenizer.ggml.add_eos_token', { type: 'bool', value: false }],
    ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: vocabulary.addPrefixSpace }],
    ...(chatTemplate === undefined ? [] : ([['tokenizer.chat_template', { type: 'string', value: chatTemplate }]] as const)),
    [TOKENIZER_JSON_KEY, { type: 'string', value: vocabulary.json }],
  ];
}
