import { dataError } from '../errors.ts';
import { PLAIN_CHAT_TEMPLATE } from './chat-template.ts';
import { gpt2Document } from './gpt2-document.ts';
import { parseTokenizerDocument, type TokenizerDocument } from './tokenizer-json.ts';

/** GPT-2's own name for it; a file without a configuration that has this token means it so. */
const END_OF_TEXT = '<|endoftext|>';

/** A tokenizer as its files say it. */
export interface TokenizerBundle {
  /** The text of tokenizer.json. */
  readonly json: string;
  readonly document: TokenizerDocument;
  /** What tokenizer_config.json holds, or would. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Ids with a meaning; absent where the vocabulary has none. */
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  /** Jinja. */
  readonly chatTemplate: string | undefined;
}

/** GPT-2's tokenizer cut to `vocabSize`. @throws DATA_VOCABULARY_INVALID */
export async function gpt2Bundle(vocabSize: number): Promise<TokenizerBundle> {
  return bundleOf(await gpt2Document(vocabSize), {}, `gpt2 of ${vocabSize} tokens`);
}

/**
 * A tokenizer by its files.
 * @param config content of tokenizer_config.json; what it leaves out gets values that change no token
 * @param file for messages
 * @throws DATA_TOKENIZER_INVALID
 */
export function bundleOf(json: string, config: Readonly<Record<string, unknown>>, file: string): TokenizerBundle {
  const document = parseTokenizerDocument(json, file);
  const endOfText = document.added_tokens.find(({ content }) => content === END_OF_TEXT)?.content;
  const full: Readonly<Record<string, unknown>> = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    clean_up_tokenization_spaces: false,
    chat_template: PLAIN_CHAT_TEMPLATE,
    ...(endOfText === undefined ? {} : { bos_token: endOfText, eos_token: endOfText }),
    ...config,
  };
  const idOf = (name: string): number | undefined => {
    const value = full[name];
    const text = typeof value === 'object' && value !== null && 'content' in value ? value.content : value;
    if (typeof text !== 'string') return undefined;
    const id = document.added_tokens.find(({ content }) => content === text)?.id ?? document.model.vocab[text];
    if (id === undefined) throw dataError('DATA_TOKENIZER_INVALID', `${file}: ${name}: "${text}" is not in the vocabulary`);
    return id;
  };
  const { chat_template: template } = full;
  return {
    json,
    document,
    config: full,
    bos: idOf('bos_token'),
    eos: idOf('eos_token'),
    chatTemplate: typeof template === 'string' ? template : undefined,
  };
}
