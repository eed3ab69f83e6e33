/** Every limit of this room, in one table. */
export const MAX_BLOCKS_PER_RESPONSE = 64;
/** A response stops growing past this; at least one block always fits. */
export const MAX_BLOCKS_RESPONSE_BYTES = 4 * 1024 * 1024;
export const BLOCKS_TIMEOUT_MS = 15_000;
export const OPENING_TIMEOUT_MS = 5_000;
export const BLOB_TIMEOUT_MS = 60_000;
/** How long a head may stand still, while peers are ahead, before blocks are asked for. */
export const SYNC_INTERVAL_MS = 1_000;
/** Points a peer loses for bytes that are not what was asked for. */
export const WRONG_BYTES_POINTS = 20;
