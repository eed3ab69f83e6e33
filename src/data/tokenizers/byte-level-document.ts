/** What a tokenizer made here calls its end of text, as GPT-2's does. */
export const END_OF_TEXT = '<|endoftext|>';

/** The text of a tokenizer.json of byte-level pairs: the same text for the same vocabulary, for its hash names it. */
export function byteLevelDocument(parts: {
  readonly vocab: Readonly<Record<string, number>>;
  /** In the order of their ranks, in either of the two spellings that readers know. */
  readonly merges: readonly (string | readonly [string, string])[];
  /** Id of the end of a text; undefined for a vocabulary without. */
  readonly end: number | undefined;
  /** GPT-2's file says true of its decoder; decoders ignore it. */
  readonly decoderPrefixSpace: boolean;
}): string {
  const { vocab, merges, end } = parts;
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return `${JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: end === undefined ? [] : [{ id: end, content: END_OF_TEXT, ...flags }],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: parts.decoderPrefixSpace, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  })}\n`;
}
