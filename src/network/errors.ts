import { errorDomain, messageOf } from '../primitives/errors.ts';

/** Everything the peer-to-peer layer throws. */
export const networkError = errorDomain({
  NETWORK_TIMEOUT: { explanation: 'The peer did not answer in time.', http: 504 },
  NETWORK_UNREACHABLE: { explanation: 'There is no connection to the peer, or it broke before the answer was complete.', http: 502 },
  NETWORK_REFUSED: {
    explanation: 'The peer is there but declined: too many requests at once, too fast, or its handler failed.',
    http: 503,
  },
  NETWORK_TOO_LARGE: { explanation: 'A message is larger than its limit.', http: 413 },
  NETWORK_PORT_IN_USE: { explanation: 'Another process listens on the P2P port.' },
  NETWORK_LISTEN_FAILED: { explanation: 'The P2P host and port cannot be listened on.' },
  NETWORK_BAD_ADDRESS: { explanation: 'The text of a boot node, announced address or listening host does not parse.', http: 400 },
  NETWORK_BAD_PEER_KEY: { explanation: 'The stored peer key is not an Ed25519 key.' },
  NETWORK_BAD_HELLO: { explanation: 'A peer introduced itself with a malformed or forged record.' },
  NETWORK_HANDLER_TAKEN: { explanation: 'A topic or protocol has its one handler already.' },
  NETWORK_NOT_STARTED: { explanation: 'The network is used before start or after stop.', http: 503 },
});

/**
 * One line about why something of libp2p's failed. A WebSocket that cannot connect rejects with an ErrorEvent, which is no
 * Error, and several attempts with an AggregateError, whose own message says nothing.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error instanceof Error) return (error.message || ('code' in error && String(error.code)) || error.name).split('\n')[0] as string;
  if (typeof error === 'object' && error !== null && 'error' in error) return reasonOf(error.error);
  return messageOf(error);
}
