import type { ModelConfig } from '../../params/genesis.ts';

/** A model that a file or a folder of another program holds, open for reading. */
export interface Checkpoint {
  readonly config: ModelConfig;
  /** Fills the flat parameter vector (`parameterLayout(config)`). @throws FORMAT_INVALID */
  readWeights(out: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** A tensor of a file: name, shape outermost first, type and place are known; values are read on demand. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Fills `out`, which has as many values as the shape. */
  read(out: Float32Array): Promise<void>;
}

/** Facts about where the weights come from, as a JSON object: written beside them, never read for the weights' meaning. */
export type Lineage = Readonly<Record<string, unknown>>;
