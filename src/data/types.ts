/** Byte-pair tokenizer: text to ids and back. */
export interface Tokenizer {
  readonly vocabSize: number;
  encode(text: string): number[];
  /** Bytes of one token; a token may end inside a UTF-8 character. */
  bytes(token: number): Uint8Array;
  decode(tokens: Iterable<number>): string;
}

/** A tokenised text, cut into training and held-out sequences. */
export interface Dataset {
  /** SHA-256 root of the token stream. */
  readonly root: Uint8Array;
  readonly tokenCount: number;
  /** Sequences of context_length (+1 overlapping target) in the training part. */
  readonly trainingSequences: number;
  /** Sequences in the held-out part. */
  readonly heldOutSequences: number;
  /** Copies sequence `index` (context_length + 1 tokens) to out at offset. */
  readTraining(index: number, out: Int32Array, offset: number): void;
  readHeldOut(index: number, out: Int32Array, offset: number): void;
}
