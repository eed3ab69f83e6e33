import { dataError } from '../errors.ts';
import type { TokenizerBundle } from './bundle.ts';
import { byteLevelText } from './byte-level.ts';
import { KNOWN_SPLITS, splitsOf } from './known-splits.ts';
import { mergeParts, type TokenizerDocument } from './tokenizer-json.ts';

/** A vocabulary as GGUF files hold it (docs/gguf.md, "Tokenizer"). */
export interface GgufVocabulary {
  /** 'gpt2': byte-level with merges. 'llama': pieces with scores and byte tokens. */
  readonly model: 'gpt2' | 'llama';
  /** llama.cpp's name for how text is split before merging. */
  readonly pre: string;
  readonly tokens: readonly string[];
  /** llama.cpp's token types. */
  readonly types: readonly number[];
  readonly merges: readonly string[];
  /** Of pieces only. */
  readonly scores: readonly number[] | undefined;
  readonly bos: number;
  readonly eos: number;
  readonly addPrefixSpace: boolean;
  readonly chatTemplate: string | undefined;
  /** The tokenizer.json it was made from, so that an import loses nothing. */
  readonly json: string;
}

const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;
const BYTE = 6;
/** A byte that UTF-8 never contains. */
const IMPOSSIBLE_BYTE = '\xff';

/**
 * What llama.cpp needs to tokenise as this tokenizer does.
 * @param vocabSize rows of the model's embedding; ids that the tokenizer does not name become unused tokens
 * @throws DATA_TOKENIZER_INVALID when llama.cpp has no name for the way the text is split
 */
export function ggufVocabulary(bundle: TokenizerBundle, vocabSize: number): GgufVocabulary {
  const { document, json, chatTemplate } = bundle;
  const { model } = document;
  const pieces = model.byte_fallback;
  const tokens = Array.from({ length: vocabSize }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(vocabSize).fill(UNUSED);
  const place = (id: number, token: string, type: number): void => {
    if (id >= vocabSize) throw dataError('DATA_TOKENIZER_INVALID', `token ${id} is outside the model’s vocabulary of ${vocabSize}`);
    tokens[id] = token;
    types[id] = type;
  };
  for (const [token, id] of Object.entries(model.vocab)) {
    const byte = pieces && /^<0x[0-9A-F]{2}>$/.test(token);
    place(id, token, byte ? BYTE : token === model.unk_token ? UNKNOWN : NORMAL);
  }
  for (const { id, content, special } of document.added_tokens) {
    if (content !== model.unk_token) place(id, content, special ? CONTROL : USER_DEFINED);
  }
  // Left out, they would be 11 (a comma in GPT-2's vocabulary), at which every answer would end.
  const nobody = model.vocab[byteLevelText(IMPOSSIBLE_BYTE)] ?? 0;
  return {
    model: pieces ? 'llama' : 'gpt2',
    pre: pieces ? 'default' : preOf(document),
    tokens,
    types,
    merges: pieces ? [] : model.merges.map((merge) => mergeParts(merge, 'tokenizer.json').join(' ')),
    scores: pieces ? scoresOf(document, vocabSize) : undefined,
    bos: bundle.bos ?? nobody,
    eos: bundle.eos ?? nobody,
    addPrefixSpace: pieces,
    chatTemplate,
    json,
  };
}

/** The later a merge, the lower the score of what it makes: pieces of higher scores are merged first. */
function scoresOf({ model }: TokenizerDocument, vocabSize: number): number[] {
  const scores = new Array<number>(vocabSize).fill(0);
  model.merges.forEach((merge, rank) => {
    const id = model.vocab[mergeParts(merge, 'tokenizer.json').join('')];
    if (id !== undefined && scores[id] === 0) scores[id] = -rank - 1;
  });
  return scores;
}

function preOf(document: TokenizerDocument): string {
  const splits = splitsOf(document);
  const known = KNOWN_SPLITS.find((each) => each.splits.join('\n') === splits?.join('\n'));
  if (known === undefined) {
    throw dataError(
      'DATA_TOKENIZER_INVALID',
      'llama.cpp has no name known here for the way this tokenizer splits text: export as a Hugging Face folder',
    );
  }
  return known.pre;
}
