import type { ChatTemplateSource } from '../chain/view.ts';
import { PLAIN_CHAT_TEMPLATE } from '../data/tokenizers/chat-template.ts';
import type { Tokenizer } from '../data/types.ts';
import { openTextTokenizer, openTokenizer } from '../learning/assets.ts';
import type { Genesis } from '../params/genesis.ts';

/** How a network's model is spoken with. */
export interface Language {
  readonly tokenizer: Tokenizer;
  /** Tokens that end an answer. */
  readonly endTokens: readonly number[];
  /** Of tokenizer_config.json; undefined: the network's own plain one. */
  readonly chatTemplate: ChatTemplateSource | undefined;
}

/** @param directories folders of assets (learning/assets.ts). @throws LEARNING_ASSET_MISSING, DATA_TOKENIZER_INVALID */
export async function openLanguage(network: Pick<Genesis, 'tokenizer' | 'model'>, directories: readonly string[]): Promise<Language> {
  const { tokenizer } = await openTextTokenizer(network, directories);
  if (network.tokenizer.kind === 'gpt2') return { tokenizer, endTokens: [], chatTemplate: undefined };
  const { eos, chatTemplate, config } = await openTokenizer(network, directories);
  return {
    tokenizer,
    endTokens: eos === undefined ? [] : [eos],
    chatTemplate:
      chatTemplate === undefined || chatTemplate === PLAIN_CHAT_TEMPLATE
        ? undefined
        : { template: chatTemplate, stops: [], variables: specialTokens(config) },
  };
}

/** `bos_token`, `eos_token` and the like, which templates write. */
function specialTokens(config: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const named = Object.entries(config).flatMap(([name, value]): [string, string][] => {
    const text = typeof value === 'object' && value !== null && 'content' in value ? value.content : value;
    return name.endsWith('_token') && typeof text === 'string' ? [[name, text]] : [];
  });
  return Object.fromEntries(named);
}
