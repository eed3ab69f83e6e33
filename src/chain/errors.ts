import { errorDomain } from '../primitives/errors.ts';

export const chainError = errorDomain({
  CHAIN_WRONG_GENESIS: { explanation: 'The data directory belongs to a network with another genesis.' },
  CHAIN_INVALID_BLOCK: { explanation: 'A candidate or a received block breaks a rule.' },
  CHAIN_NOT_NEXT: { explanation: 'A block is not the one after the head.' },
  CHAIN_HISTORY_ABSENT: {
    explanation: 'The block is final, and older than what this node holds: it joined by a snapshot.',
    http: 410,
    jsonRpc: 4444,
  },
  CHAIN_OPERATION_REFUSED: { explanation: 'No block can hold the operation asked for.', http: 409, jsonRpc: -32000 },
  CHAIN_CORRUPT: { explanation: 'A stored record is missing or contradicts another.' },
});

export const poolError = errorDomain({
  POOL_NONCE_TOO_LOW: { explanation: 'The nonce is below the account’s next one.', http: 400, jsonRpc: -32000 },
  POOL_NONCE_TOO_HIGH: { explanation: 'The nonce leaves too large a gap after the account’s next one.', http: 400, jsonRpc: -32000 },
  POOL_UNDERPRICED: { explanation: 'The fee is below the base fee, or does not replace the pooled one.', http: 400, jsonRpc: -32000 },
  POOL_INSUFFICIENT_FUNDS: { explanation: 'The account cannot pay value and gas.', http: 400, jsonRpc: -32000 },
  POOL_KNOWN: { explanation: 'The transaction is pooled already.', http: 400, jsonRpc: -32000 },
  POOL_GAS_LIMIT: { explanation: 'The gas limit exceeds the block’s.', http: 400, jsonRpc: -32000 },
  POOL_FULL: { explanation: 'The pool is full and the fee is too low to evict another.', http: 503, jsonRpc: -32000 },
});
