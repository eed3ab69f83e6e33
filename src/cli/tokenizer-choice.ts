import { resolve } from 'node:path';
import { createSegmenter } from '../data/segments.ts';
import { openSource, type SourceOptions } from '../data/source.ts';
import { documentsOf } from '../data/sources/documents.ts';
import { fileTextTokenizer, type TextTokenizer } from '../data/text-tokenizer.ts';
import { bundleOf, type TokenizerBundle } from '../data/tokenizers/bundle.ts';
import { createBpeTrainer } from '../data/tokenizers/train-bpe.ts';
import type { TokenizerChoice } from '../params/genesis.ts';
import { toHex, utf8 } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import { readTokenizerFolder } from './checkpoint/stored-tokenizer.ts';

/** Left out, a learned vocabulary has this many tokens. */
const DEFAULT_LEARNED_VOCABULARY = 4096;
/** The least that a model may have. */
const LEAST_VOCABULARY = 256;

/** A tokenizer that is not GPT-2's, with the files that describe it. */
export interface FileTokenizer {
  readonly choice: Extract<TokenizerChoice, { kind: 'file' }>;
  readonly json: string;
  readonly configJson: string;
  /** Rows the model's embedding has for it. */
  readonly vocabSize: number;
  readonly text: TextTokenizer;
}

/**
 * What `--tokenizer` names: `bpe` learns one from the text, anything else is a folder with a tokenizer.json; undefined for `gpt2`.
 * @throws CLI_FILE_UNREADABLE, DATA_…
 */
export async function chooseTokenizer(
  wanted: string | undefined,
  options: { readonly vocabSize: number | undefined; readonly source: string; readonly workingDirectory: string },
  dependencies: { readonly sources: SourceOptions; readonly onProgress: (bytesDone: number, bytesTotal: number) => void },
): Promise<FileTokenizer | undefined> {
  if (wanted === undefined || wanted === 'gpt2') return undefined;
  if (wanted === 'bpe') {
    const json = await learnBpe(options.source, options.vocabSize ?? DEFAULT_LEARNED_VOCABULARY, dependencies);
    return fileTokenizer(bundleOf(json, {}, 'the learned tokenizer'), options.vocabSize ?? DEFAULT_LEARNED_VOCABULARY);
  }
  return fileTokenizer(await readTokenizerFolder(resolve(options.workingDirectory, wanted)), options.vocabSize);
}

/** @param vocabSize left out: as many as the tokenizer has */
export function fileTokenizer(bundle: TokenizerBundle, vocabSize: number | undefined): FileTokenizer {
  const { json, document, config } = bundle;
  const ids = [...Object.values(document.model.vocab), ...document.added_tokens.map(({ id }) => id)];
  const size = vocabSize ?? ids.reduce((most, id) => Math.max(most, id + 1), LEAST_VOCABULARY);
  const configJson = `${JSON.stringify(config, undefined, 2)}\n`;
  const hashOf = (text: string) => toHex(sha256(utf8(text)));
  return {
    choice: { kind: 'file', hash: hashOf(json), config_hash: hashOf(configJson) },
    json,
    configJson,
    vocabSize: size,
    text: fileTextTokenizer(bundle, size),
  };
}

async function learnBpe(
  source: string,
  vocabSize: number,
  { sources, onProgress }: { readonly sources: SourceOptions; readonly onProgress: (bytesDone: number, bytesTotal: number) => void },
): Promise<string> {
  const files = await openSource(source, sources);
  const bytesTotal = files.reduce((sum, file) => sum + file.bytes, 0);
  const trainer = createBpeTrainer();
  let bytesDone = 0;
  for (const file of files) {
    for await (const document of documentsOf(file)) {
      const segmenter = createSegmenter((segment) => trainer.count(segment));
      for await (const piece of document.pieces) segmenter.push(piece);
      segmenter.end();
      bytesDone += document.bytes;
      onProgress(bytesDone, bytesTotal);
    }
  }
  return trainer.train(vocabSize);
}
