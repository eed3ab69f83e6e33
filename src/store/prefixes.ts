/**
 * First byte of every key in a node's store: one a bucket, never reused for another meaning.
 * 0x10–0x2f consensus and protocol, 0x30–0x4f execution.
 */
export const Prefix = {
  /** Height (8, big-endian) → consensus block with its certificate. */
  blocks: 0x10,
  /** Height → protocol state after that block. */
  protocolStates: 0x12,
  /** Round (8) → settled round. */
  settledRounds: 0x13,
  /** Name → value: consensus head and the like. */
  chainMeta: 0x14,
  /** Transaction hash → EIP-2718 bytes of a pooled transaction. */
  pooledTransactions: 0x15,
  /** Height → header with its certificate, of heights whose block is not held. */
  certifiedHeaders: 0x16,
  /** Name → value: how far a download has come. */
  syncProgress: 0x17,
  /** Nothing → the vote that this authority committed to last. */
  ownVote: 0x19,
  /** Hash → authority set that headers name. */
  authoritySets: 0x1a,
  /** Height → final block from before this node's history, kept to be shown to newcomers. */
  witnessBlocks: 0x18,

  /** keccak-256 → RLP of a trie node, of the account trie and of all storage tries. */
  trieNode: 0x30,
  /** keccak-256 → contract code. */
  code: 0x31,
  /** Number (8) → block hash (32) ‖ state root (32). */
  executionHeader: 0x32,
  /** Number → RLP of the Ethereum block. */
  executionBlock: 0x33,
  /** Block hash → number. */
  executionNumberByHash: 0x34,
  /** Number (8) ‖ index (4) → receipt. */
  receipt: 0x35,
  /** Transaction hash → number ‖ index. */
  transactionPlace: 0x36,
  /** Address (20) ‖ number ‖ index → transaction hash. */
  addressIndex: 0x37,
  /** Name → value: execution head. */
  executionMeta: 0x38,
  /** Number → hash of a block that is not held. */
  ancestorHash: 0x39,
} as const;
