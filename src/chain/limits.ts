/** Every limit of this room, in one table. */
export const MAX_POOLED_OPERATIONS = 4_096;
/**
 * Of these, the ones that anybody can make in any number (joins of new addresses) or that no block can carry yet. The rest
 * are one for each trainer or authority, so that a flood never keeps a proof or a vote out.
 */
export const MAX_POOLED_UNRIPE_OPERATIONS = 1_024;
/** Operations of rounds further ahead than this are not kept. */
export const MAX_OPERATION_LEAD_ROUNDS = 1;
/** Operations that this node's operator asked for and no block holds yet. */
export const MAX_OWN_OPERATIONS = 16;
export const MAX_POOLED_TRANSACTIONS = 8_192;
/** Their encodings together: the largest are 128 KiB each. */
export const MAX_POOLED_BYTES = 64 * 1024 * 1024;
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
/** How long following the chain waits for an update, before it tries a snapshot. */
export const FOLLOW_UPDATE_TIMEOUT_MS = 20_000;
/** Pause before another attempt to bring the model up to date; it doubles with each failure. */
export const FOLLOW_RETRY_FIRST_MS = 2_000;
export const FOLLOW_RETRY_LAST_MS = 60_000;
