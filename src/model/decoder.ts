import type { Backend } from '../numerics/backend.ts';
import type { ModelConfig } from '../params/genesis.ts';
import { type BatchDecoderOptions, batchDecoderMemoryBytes, createBatchDecoder } from './batch-decoder.ts';
import { modelError } from './errors.ts';
import type { Decoder } from './types.ts';

export type DecoderOptions = Pick<BatchDecoderOptions, 'model' | 'weights'>;

/**
 * Incremental decoding of one sequence.
 * @throws MODEL_INPUT_INVALID when the weights have another length
 */
export function createDecoder(options: DecoderOptions, dependencies: { readonly backend: Backend }): Decoder {
  const decoder = createBatchDecoder({ ...options, slots: 1 }, dependencies);
  const { contextLength } = decoder;
  return {
    contextLength,
    get position() {
      return decoder.length(0);
    },
    reset() {
      decoder.truncate(0, 0);
    },
    append(tokens) {
      const position = decoder.length(0);
      const vocabulary = options.model.vocab_size;
      // Before the first pass, so that a refused call appends nothing.
      if (tokens.length === 0) throw modelError('MODEL_INPUT_INVALID', 'append needs at least one token');
      if (position + tokens.length > contextLength) {
        throw modelError(
          'MODEL_CONTEXT_FULL',
          `${position} + ${tokens.length} tokens exceed the context of ${contextLength}; shorten the prompt`,
        );
      }
      const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabulary);
      if (wrong !== undefined) throw modelError('MODEL_INPUT_INVALID', `token ${wrong} is outside the vocabulary of ${vocabulary}`);
      for (let at = 0; ; at += decoder.maxRows) {
        const piece = tokens.slice(at, at + decoder.maxRows);
        const last = at + piece.length === tokens.length;
        const [logits] = decoder.step([{ slot: 0, tokens: piece, want: last ? 'last' : 'nothing' }]);
        if (last) return logits as Float32Array;
      }
    },
    release: decoder.release,
  };
}

/** Bytes of a decoder's arena. A backend's own packing buffers come on top. */
export function decoderMemoryBytes(model: ModelConfig): number {
  return batchDecoderMemoryBytes(model, 1);
}
