import type { PreTokenizer, TokenizerDocument } from './tokenizer-json.ts';

/** GPT-2's split, which a ByteLevel pre-tokenizer brings along (huggingface/tokenizers, pre_tokenizers/byte_level.rs). */
export const GPT2_SPLIT = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const CL100K_LIKE = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** Ways to split text that llama.cpp has a name for (llama-vocab.cpp), as the expressions of a byte-level tokenizer.json. */
export const KNOWN_SPLITS: readonly { readonly pre: string; readonly splits: readonly string[] }[] = [
  { pre: 'gpt-2', splits: [GPT2_SPLIT] },
  { pre: 'llama-bpe', splits: [CL100K_LIKE('\\p{N}{1,3}')] },
  { pre: 'qwen2', splits: [CL100K_LIKE('\\p{N}')] },
  { pre: 'smollm', splits: ['digits', GPT2_SPLIT] },
];

/** The expressions by which a byte-level tokenizer splits; undefined when it splits otherwise. */
export function splitsOf(document: TokenizerDocument): readonly string[] | undefined {
  const steps = flatten(document.pre_tokenizer ?? undefined);
  // Composing characters (NFC) is left to the program that feeds the text: llama.cpp does not normalise for byte-level vocabularies.
  if (steps.at(-1)?.type !== 'ByteLevel' || ![undefined, 'NFC'].includes(document.normalizer?.type)) return undefined;
  const splits: string[] = [];
  for (const step of steps) {
    if (step.type === 'ByteLevel') {
      if (step.add_prefix_space) return undefined;
      if (step.use_regex) splits.push(GPT2_SPLIT);
    } else if (step.type === 'Split' && step.behavior === 'Isolated' && !step.invert && 'Regex' in step.pattern) {
      splits.push(step.pattern.Regex);
    } else if (step.type === 'Digits' && step.individual_digits) {
      splits.push('digits');
    } else return undefined;
  }
  return splits;
}

function flatten(step: PreTokenizer | undefined): readonly PreTokenizer[] {
  if (step === undefined) return [];
  return step.type === 'Sequence' ? step.pretokenizers.flatMap(flatten) : [step];
}
