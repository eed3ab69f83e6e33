import { errorDomain } from '../primitives/errors.ts';

/**
 * What execution refuses. EXECUTION_TX_* are about one signed transaction and reach wallets: their messages are the ones
 * that go-ethereum gives and libraries know, and their JSON-RPC codes are its too (-32000, and 3 for a revert).
 */
export const executionError = errorDomain({
  EXECUTION_INVALID_PAYLOAD: { explanation: 'A block breaks a rule of execution; the message names it.' },
  EXECUTION_UNKNOWN_PAYLOAD: { explanation: 'The payload was neither built nor validated on the present head.' },
  EXECUTION_GENESIS_MISMATCH: { explanation: 'The store holds the execution chain of another genesis.' },
  EXECUTION_STATE_MISSING: { explanation: 'The store lacks a node of the state trie, a contract’s code or a block that it must hold.' },
  EXECUTION_HISTORY_ABSENT: {
    explanation: 'The block is final, and older than what this node holds: it joined by a snapshot.',
    http: 410,
    // EIP-4444: pruned history unavailable.
    jsonRpc: 4444,
  },
  EXECUTION_BLOCK_MALFORMED: { explanation: 'Bytes do not decode to an Ethereum block.', http: 400, jsonRpc: -32602 },
  EXECUTION_UNKNOWN_BLOCK: { explanation: 'The question is about a block that is not final here.', http: 404, jsonRpc: -32000 },

  EXECUTION_CLIENT_UNREACHABLE: { explanation: 'The external execution client does not answer.', http: 503, jsonRpc: -32000 },
  EXECUTION_CLIENT_AUTH: { explanation: 'The external execution client refuses the JWT.' },
  EXECUTION_CLIENT_GENESIS: { explanation: 'The external execution client is on another chain.' },
  EXECUTION_CLIENT_SYNCING: { explanation: 'The external execution client lacks blocks that it must have executed.' },
  EXECUTION_CLIENT_FAILED: {
    explanation: 'The external execution client answers with an error, or not as specified.',
    http: 502,
    jsonRpc: -32000,
  },
  EXECUTION_CLIENT_UNSUPPORTED: { explanation: 'Not to be had with, or from, an external execution client.', http: 501, jsonRpc: -32601 },

  EXECUTION_REVERTED: { explanation: 'The call reverted; data holds its return data as hexadecimal text.', http: 400, jsonRpc: 3 },
  EXECUTION_CALL_FAILED: { explanation: 'The call ended with an exception of the EVM.', http: 400, jsonRpc: -32000 },
  EXECUTION_CALL_INVALID: { explanation: 'A field of a call is out of its range.', http: 400, jsonRpc: -32602 },
  EXECUTION_INSUFFICIENT_FUNDS: { explanation: 'The caller cannot pay the value and the gas of a call.', http: 400, jsonRpc: -32000 },
  EXECUTION_GAS_TOO_LOW: { explanation: 'The gas allowed does not pay for the call.', http: 400, jsonRpc: -32000 },

  EXECUTION_TIMEOUT: { explanation: 'A call or a trace took longer than it may.', http: 503, jsonRpc: -32000 },
  EXECUTION_BUSY: { explanation: 'Too many calls wait already.', http: 503, jsonRpc: -32005 },
  EXECUTION_LIMIT: { explanation: 'The answer would be larger than its limit.', http: 400, jsonRpc: -32005 },
  EXECUTION_OVERRIDE_INVALID: { explanation: 'A state or block override contradicts itself.', http: 400, jsonRpc: -32000 },
  EXECUTION_NOT_TRACEABLE: {
    explanation: 'There is nothing to trace: an unknown transaction or block, or the genesis.',
    http: 404,
    jsonRpc: -32000,
  },
  EXECUTION_FEE_TOO_LOW: { explanation: 'A call offers less than the block’s base fee.', http: 400, jsonRpc: -32000 },
  EXECUTION_TIP_ABOVE_FEE: { explanation: 'A call’s priority fee exceeds its fee limit.', http: 400, jsonRpc: -32000 },

  EXECUTION_TX_MALFORMED: { explanation: 'Not the canonical encoding of a transaction.', http: 400, jsonRpc: -32000 },
  EXECUTION_TX_OVERSIZED: { explanation: 'Longer than MAX_TRANSACTION_BYTES.', http: 400, jsonRpc: -32000 },
  EXECUTION_TX_TYPE_UNSUPPORTED: { explanation: 'Not of type 0, 1 or 2 (blob and set-code transactions).', http: 400, jsonRpc: -32000 },
  EXECUTION_TX_UNSIGNED: { explanation: 'It carries no signature.', http: 400, jsonRpc: -32000 },
  EXECUTION_TX_SENDER_INVALID: { explanation: 'Its signature recovers no key, or has a high s (EIP-2).', http: 400, jsonRpc: -32000 },
  EXECUTION_TX_NOT_PROTECTED: {
    explanation: 'Signed without a chain id (before EIP-155): valid on any chain.',
    http: 400,
    jsonRpc: -32000,
  },
  EXECUTION_TX_WRONG_CHAIN: { explanation: 'Signed for another chain.', http: 400, jsonRpc: -32000 },
  EXECUTION_TX_GAS_TOO_LOW: { explanation: 'Its gas limit is below its intrinsic gas.', http: 400, jsonRpc: -32000 },
  EXECUTION_TX_TIP_ABOVE_FEE: { explanation: 'Its priority fee exceeds its fee limit.', http: 400, jsonRpc: -32000 },
  EXECUTION_TX_INIT_CODE_TOO_LARGE: { explanation: 'Its init code exceeds EIP-3860’s limit.', http: 400, jsonRpc: -32000 },
});
