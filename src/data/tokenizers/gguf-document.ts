import { dataError } from '../errors.ts';
import { byteLevelBytes } from './byte-level.ts';
import { GPT2_SPLIT, KNOWN_SPLITS } from './known-splits.ts';

/** A vocabulary as it stands in a GGUF file that carries no tokenizer.json. */
export interface GgufVocabularyTables {
  readonly model: string;
  readonly pre: string;
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  readonly merges: readonly string[];
}

const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;

/**
 * The text of a tokenizer.json that tokenises as llama.cpp does by these tables.
 * @throws DATA_TOKENIZER_INVALID for vocabularies of another kind than byte-level byte pairs, and splits not known here
 */
export function documentOfGguf({ model, pre, tokens, types, merges }: GgufVocabularyTables, file: string): string {
  if (model !== 'gpt2') {
    throw dataError(
      'DATA_TOKENIZER_INVALID',
      `${file}: tokenizer.ggml.model: "${model}" is not "gpt2"; name a folder with the model’s tokenizer.json with --tokenizer`,
    );
  }
  const known = KNOWN_SPLITS.find((each) => each.pre === pre);
  if (known === undefined) {
    throw dataError(
      'DATA_TOKENIZER_INVALID',
      `${file}: tokenizer.ggml.pre: "${pre}" is not known here; name a folder with the model’s tokenizer.json with --tokenizer`,
    );
  }
  const vocab: Record<string, number> = {};
  const added: object[] = [];
  tokens.forEach((content, id) => {
    const type = types[id];
    if (type === UNUSED) return;
    if (type === CONTROL || type === USER_DEFINED || byteLevelBytes(content) === undefined) {
      const special = type === CONTROL;
      added.push({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: !special, special });
    } else vocab[content] = id;
  });
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const steps = known.splits.map((split) => {
    if (split === 'digits') return { type: 'Digits', individual_digits: true };
    if (split === GPT2_SPLIT) return { ...byteLevel, use_regex: true };
    return { type: 'Split', pattern: { Regex: split }, behavior: 'Isolated', invert: false };
  });
  const last = known.splits.at(-1) === GPT2_SPLIT ? [] : [byteLevel];
  return `${JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...steps, ...last] },
    post_processor: null,
    decoder: { ...byteLevel, add_prefix_space: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      // Llama 3's vocabulary has words that no merge leads to.
      ignore_merges: pre === 'llama-bpe',
      vocab,
      merges,
    },
  })}\n`;
}
