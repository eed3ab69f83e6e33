/** Every limit of this room, in one table. */
export const MAX_POOLED_OPERATIONS = 4_096;
export const MAX_POOLED_TRANSACTIONS = 8_192;
export const MAX_POOLED_TRANSACTIONS_PER_SENDER = 64;
/** A replacement must raise both fees by this much (geth's rule). */
export const MIN_REPLACEMENT_PERCENT = 10n;
/** Encoded transactions put into one block: a proposal stays under the gossip limit of 256 KiB. */
export const MAX_TRANSACTION_BYTES_PER_BLOCK = 128 * 1024;
export const MAX_OPERATION_BYTES_PER_BLOCK = 64 * 1024;
/** How far ahead of its own clock a node lets a block's timestamp be. */
export const MAX_CLOCK_DRIFT_S = 15;
/** Protocol states kept behind the head; older ones follow from the blocks. */
export const KEPT_PROTOCOL_STATES_BLOCKS = 256;
/** How long validation of a boundary block waits for an update it does not hold yet. */
export const UPDATE_WAIT_MS = 2_000;
