import { errorDomain } from '../primitives/errors.ts';

export const consensusError = errorDomain({
  CONSENSUS_SIGNER_MISMATCH: { explanation: 'This node is an authority, and was given no key or another one’s.' },
  CONSENSUS_COMMIT_FAILED: { explanation: 'A final block could not be applied. The node signs nothing more until it is restarted.' },
  CONSENSUS_LOG_FAILED: { explanation: 'The write-ahead log could not be written or read. The node signs nothing without it.' },
  CONSENSUS_LOG_CORRUPT: { explanation: 'A record before the end of the write-ahead log is damaged.' },
  CONSENSUS_CONTRADICTION: { explanation: 'The node was about to sign a second message for one place, and stopped instead.' },
  CONSENSUS_STOPPED: { explanation: 'Consensus was stopped, or stopped itself after an error.' },
});
