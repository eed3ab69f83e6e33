import { errorDomain } from '../primitives/errors.ts';

export const dataError = errorDomain({
  DATA_SOURCE_NOT_FOUND: { explanation: 'The source names no package, file or directory with text.' },
  DATA_NOT_TEXT: { explanation: 'A file is not UTF-8 text.' },
  DATA_TOO_SMALL: { explanation: 'The text has too few tokens for one training and one held-out sequence.' },
  DATA_TOO_LARGE: { explanation: 'A document is larger than can be tokenised at once.' },
  DATA_ROOT_MISMATCH: { explanation: 'The text tokenises to another stream than the genesis names.' },
  DATA_CACHE_FAILED: { explanation: 'The token cache cannot be written or read.' },
  DATA_INVALID_TOKEN: { explanation: 'A token id is outside the vocabulary.', http: 400, jsonRpc: -32602 },
  DATA_VOCABULARY_INVALID: { explanation: 'The vocabulary size is outside the rank table.' },
  DATA_DOWNLOAD_FAILED: { explanation: 'A file of a URL or a hub cannot be fetched, or is another one than the listing names.' },
  DATA_RECORD_INVALID: { explanation: 'A JSONL or Parquet file is malformed, or has no text in the column.' },
  DATA_TOKENIZER_INVALID: { explanation: 'A tokenizer file does not parse, or is of a kind that is not supported.' },
  DATA_RANGE: { explanation: 'A sequence, slot or position that does not exist was asked for.' },
});
