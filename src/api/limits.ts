/** Every limit of this room, in one table. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
export const MAX_BATCH_REQUESTS = 1_000;
export const MAX_TRANSACTIONS_LISTED = 100;
export const MAX_FEE_HISTORY_BLOCKS = 1_024;
export const MAX_FEE_HISTORY_PERCENTILES = 100;
export const DEFAULT_MAX_COMPLETION_TOKENS = 100;
export const MAX_STOP_SEQUENCES = 4;
