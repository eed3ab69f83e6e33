/**
 * What a decoder must hold for any bytes:
 * 1. it throws nothing but this project's typed errors;
 * 2. it ends within a limit;
 * 3. what it accepts has one encoding: encoding the value again gives the same bytes.
 */
export interface FuzzTarget {
  /** How inputs are changed beside bytewise: as trees of RLP, or as JSON documents. */
  readonly form: 'bytes' | 'rlp' | 'json';
  readonly seeds: readonly Uint8Array[];
  /**
   * Gives the input to the decoders.
   * @returns what each that accepted it encodes again, for formats of one encoding
   */
  run(input: Uint8Array): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
}

/** Decoders that share inputs: each tries every one. */
export interface Decoder {
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Left out where a value may be written in several ways. */
  readonly encode?: (value: never) => Uint8Array;
}
