import { z } from 'zod';
import { messageOf } from '../../primitives/errors.ts';
import { dataError } from '../errors.ts';

/*
 * The file `tokenizer.json` of huggingface/tokenizers, as far as byte-pair models use it. What is not listed here is refused by name,
 * not ignored: a tokenizer that differs in one token trains another model.
 */

/** Vocabularies of a quarter of a million tokens take some 20 MB. */
export const MAX_TOKENIZER_BYTES = 2 ** 26;

const pattern = z.union([z.object({ Regex: z.string() }), z.object({ String: z.string() })]);
export type Pattern = z.infer<typeof pattern>;

const behaviour = z.enum(['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']);
export type SplitBehaviour = z.infer<typeof behaviour>;

const prependScheme = z.enum(['always', 'never', 'first']);

export type Normalizer =
  | { readonly type: 'Sequence'; readonly normalizers: readonly Normalizer[] }
  | { readonly type: 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | 'Lowercase' | 'StripAccents' }
  | { readonly type: 'Strip'; readonly strip_left: boolean; readonly strip_right: boolean }
  | { readonly type: 'Prepend'; readonly prepend: string }
  | { readonly type: 'Replace'; readonly pattern: Pattern; readonly content: string };

const normalizer: z.ZodType<Normalizer> = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('Sequence'), normalizers: z.array(normalizer) }),
    z.object({ type: z.enum(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents']) }),
    z.object({ type: z.literal('Strip'), strip_left: z.boolean(), strip_right: z.boolean() }),
    z.object({ type: z.literal('Prepend'), prepend: z.string() }),
    z.object({ type: z.literal('Replace'), pattern, content: z.string() }),
  ]),
);

export type PreTokenizer =
  | { readonly type: 'Sequence'; readonly pretokenizers: readonly PreTokenizer[] }
  | { readonly type: 'ByteLevel'; readonly add_prefix_space: boolean; readonly use_regex: boolean }
  | { readonly type: 'Split'; readonly pattern: Pattern; readonly behavior: SplitBehaviour; readonly invert: boolean }
  | { readonly type: 'Digits'; readonly individual_digits: boolean }
  | {
      readonly type: 'Metaspace';
      readonly replacement: string;
      readonly prepend_scheme: z.infer<typeof prependScheme>;
      readonly split: boolean;
    }
  | { readonly type: 'Whitespace' | 'WhitespaceSplit' };

/** Files written before prepend_scheme say add_prefix_space. */
const metaspace = z
  .object({
    type: z.literal('Metaspace'),
    replacement: z.string(),
    prepend_scheme: prependScheme.optional(),
    add_prefix_space: z.boolean().optional(),
    split: z.boolean().default(true),
  })
  .transform(({ add_prefix_space, prepend_scheme, ...rest }) => ({
    ...rest,
    prepend_scheme: prepend_scheme ?? (add_prefix_space === false ? ('never' as const) : ('always' as const)),
  }));

const preTokenizer: z.ZodType<PreTokenizer> = z.lazy(() =>
  z.union([
    z.object({ type: z.literal('Sequence'), pretokenizers: z.array(preTokenizer) }),
    z.object({ type: z.literal('ByteLevel'), add_prefix_space: z.boolean(), use_regex: z.boolean().default(true) }),
    z.object({ type: z.literal('Split'), pattern, behavior: behaviour, invert: z.boolean().default(false) }),
    z.object({ type: z.literal('Digits'), individual_digits: z.boolean().default(false) }),
    metaspace,
    z.object({ type: z.enum(['Whitespace', 'WhitespaceSplit']) }),
  ]),
);

export type Decoder =
  | { readonly type: 'Sequence'; readonly decoders: readonly Decoder[] }
  | { readonly type: 'ByteLevel' | 'ByteFallback' | 'Fuse' }
  | { readonly type: 'Replace'; readonly pattern: Pattern; readonly content: string }
  | { readonly type: 'Strip'; readonly content: string; readonly start: number; readonly stop: number }
  | { readonly type: 'Metaspace'; readonly replacement: string; readonly prepend_scheme: z.infer<typeof prependScheme> };

const decoder: z.ZodType<Decoder> = z.lazy(() =>
  z.union([
    z.object({ type: z.literal('Sequence'), decoders: z.array(decoder) }),
    z.object({ type: z.enum(['ByteLevel', 'ByteFallback', 'Fuse']) }),
    z.object({ type: z.literal('Replace'), pattern, content: z.string() }),
    z.object({ type: z.literal('Strip'), content: z.string(), start: z.number().int().min(0), stop: z.number().int().min(0) }),
    metaspace,
  ]),
);

const id = z
  .number()
  .int()
  .min(0)
  .max(2 ** 24);

const addedToken = z.object({
  id,
  content: z.string().min(1),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(false),
  special: z.boolean().default(false),
});

const none = z.union([z.null(), z.literal('')]).optional();

const model = z.object({
  /** Old files leave it out. */
  type: z.literal('BPE').default('BPE'),
  /** Random leaving-out of merges is for training only. */
  dropout: z.union([z.null(), z.literal(0)]).optional(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: none,
  end_of_word_suffix: none,
  fuse_unk: z.boolean().default(false),
  byte_fallback: z.boolean().default(false),
  ignore_merges: z.boolean().default(false),
  vocab: z.record(z.string(), id),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
});

const documentSchema = z.object({
  added_tokens: z.array(addedToken).default([]),
  normalizer: normalizer.nullish(),
  pre_tokenizer: preTokenizer.nullish(),
  decoder: decoder.nullish(),
  model,
});
export type TokenizerDocument = z.infer<typeof documentSchema>;

/**
 * Parses a tokenizer.json. Truncation, padding and the post-processor, which adds special tokens around a text, are not used.
 * @throws DATA_TOKENIZER_INVALID naming the field
 */
export function parseTokenizerDocument(json: string, file: string): TokenizerDocument {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch (cause) {
    throw dataError('DATA_TOKENIZER_INVALID', `${file}: not JSON: ${messageOf(cause)}`, { cause });
  }
  const parsed = documentSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw dataError(
    'DATA_TOKENIZER_INVALID',
    `${file}: ${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'invalid'}; byte-pair tokenizers of huggingface/tokenizers are read, without prefixes and suffixes of words`,
  );
}

/** A merge's two parts: written as a pair, or in one text with a space between. @throws DATA_TOKENIZER_INVALID */
export function mergeParts(merge: TokenizerDocument['model']['merges'][number], file: string): readonly [string, string] {
  if (typeof merge !== 'string') return merge;
  const [left, right, ...rest] = merge.split(' ');
  if (left === undefined || right === undefined || rest.length > 0) {
    throw dataError('DATA_TOKENIZER_INVALID', `${file}: model.merges: "${merge}" is not two tokens`);
  }
  return [left, right];
}
