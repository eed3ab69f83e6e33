/** Longest encoding of a transaction that is pooled or included; go-ethereum's limit for its pool (txMaxSize). */
export const MAX_TRANSACTION_BYTES = 128 * 1024;
/**
 * Most gas of a block that may run code: the sum of what its transactions' gas limits leave after their intrinsic gas. The EVM makes some
 * 3.5 million instructions a second, and the cheapest loop that a block can hold must end within a few of its intervals; transfers
 * run no code, and may fill the rest of the block's gas. A rule of the chain: changing it forks.
 */
export const MAX_EXECUTION_GAS_PER_BLOCK = 10_000_000n;
/** Candidates of one height kept at a time; each holds the state it changed. */
export const MAX_CANDIDATES = 128;
/** Recovered senders kept, so that a transaction's signature costs once for pool, building and validation. */
export const MAX_RECOVERED_SENDERS = 32_768;
/** EIP-3860: two times EIP-170's limit of code. */
export const MAX_INIT_CODE_BYTES = 49_152;
/**
 * Most gas a call, an estimate or a simulated block may use, whatever the block's limit; go-ethereum's own (RPCGasCap). The EVM
 * makes some 3.5 million instructions a second: MAX_CALL_MS usually ends a hostile call before.
 */
export const MAX_CALL_GAS = 50_000_000n;
/** Longest a question may execute; go-ethereum's RPCEVMTimeout. */
export const MAX_CALL_MS = 5_000;
/** The same for a trace, whose steps cost more. */
export const MAX_TRACE_MS = 10_000;
/** Longest that a question holds the thread before everything else gets its turn. */
export const MAX_SLICE_MS = 10;
/** Questions that execute at one time, and those that may wait for a place. */
export const MAX_EXECUTIONS = 4;
export const MAX_WAITING_EXECUTIONS = 64;
/** Size of a trace, in words of 32 bytes kept: a step with its stack and memory is some ten. */
export const MAX_TRACE_WORDS = 2_000_000;
/** Memory that EthereumJS may copy for the steps of a trace: it copies all of it at each. */
export const MAX_TRACE_COPIED_BYTES = 4 * 1024 ** 3;
/** Blocks that eth_simulateV1 may make, as the specification says, and calls in all of them. */
export const MAX_SIMULATED_BLOCKS = 256;
export const MAX_SIMULATED_CALLS = 1_000;
/** An estimate ends when it is this close, relatively: go-ethereum's estimateGasErrorRatio. */
export const ESTIMATE_ERROR_RATIO = 0.015;
/** Logs of one answer, and blocks whose blooms are looked through for it. */
export const MAX_LOGS = 10_000;
export const MAX_LOG_RANGE_BLOCKS = 100_000;
/** Slots of one eth_getProof. */
export const MAX_PROOF_SLOTS = 1_024;
