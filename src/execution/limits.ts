/** Longest encoding of a transaction that is pooled or included; go-ethereum's limit for its pool (txMaxSize). */
export const MAX_TRANSACTION_BYTES = 128 * 1024;
/** Candidates of one height kept at a time; each holds the state it changed. */
export const MAX_CANDIDATES = 128;
/** Recovered senders kept, so that a transaction's signature costs once for pool, building and validation. */
export const MAX_RECOVERED_SENDERS = 16_384;
/** EIP-3860: two times EIP-170's limit of code. */
export const MAX_INIT_CODE_BYTES = 49_152;
/**
 * Most gas a call or an estimate may use, whatever the block's limit. A call holds the thread it runs on, and the EVM makes
 * some 3.5 million instructions a second: the cheapest ones could hold it for seconds.
 */
export const MAX_CALL_GAS = 10_000_000n;
