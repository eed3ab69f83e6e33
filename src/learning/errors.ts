import { errorDomain } from '../primitives/errors.ts';

/** Everything that can go wrong in the learning engine. */
export const learningError = errorDomain({
  LEARNING_BUSY: {
    explanation: 'Training already runs; finish it, or commit the boundary that ends it, before starting again.',
    http: 409,
  },
  LEARNING_CLOSED: { explanation: 'The learning service was closed.', http: 503 },
  LEARNING_INPUT_INVALID: {
    explanation: 'A list of updates is not strictly ascending by trainer, or a weight or an index is out of range.',
    http: 400,
  },
  LEARNING_PATH_INVALID: { explanation: 'A Merkle path was asked for a leaf that the tree does not have.', http: 400 },
  LEARNING_SNAPSHOT_INVALID: { explanation: 'A model snapshot does not have the root that the chain agreed on.', http: 400 },
  LEARNING_STATE_INVALID: { explanation: 'A training state does not have the size that the model gives it.', http: 400 },
  LEARNING_ASSET_MISSING: { explanation: 'A file that the genesis names by hash (a tokenizer, a base model) is not here.' },
  LEARNING_STORE_CORRUPT: { explanation: 'A model file on disk does not have the root it is named after; take a snapshot from a peer.' },
  LEARNING_UPDATE_INVALID: { explanation: 'An update is not a canonical encoding of quantised weights.', http: 400 },
  LEARNING_UPDATE_MISSING: { explanation: 'An update that a boundary merges is not in the blob store; fetch it first.', http: 404 },
  LEARNING_WRONG_ROUND: {
    explanation: 'The models for that round are not held: not yet computed, already dropped, or from another fork.',
    http: 409,
  },
});
