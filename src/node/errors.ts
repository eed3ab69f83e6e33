import { errorDomain } from '../primitives/errors.ts';

export const nodeError = errorDomain({
  NODE_BATCH_INVALID: { explanation: 'A gossip message of transactions is not a list of them.' },
  NODE_NO_GENESIS: { explanation: 'No genesis file, and no boot node gave one.' },
  NODE_GENESIS_PINNED: { explanation: 'The genesis found is not the one pinned by genesis_hash.' },
  NODE_FILE: { explanation: 'A file named in the configuration cannot be read or written.' },
  NODE_WORKER_DIED: { explanation: 'A worker thread ended unexpectedly.' },
});
