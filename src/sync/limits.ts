/** Every limit of this room, in one table. */
const KIB = 1024;
const MIB = 1024 * KIB;

// Blocks
export const MAX_BLOCKS_PER_RESPONSE = 64;
/** A response stops growing past this; at least one block always fits. */
export const MAX_BLOCKS_RESPONSE_BYTES = 4 * MIB;
export const BLOCKS_TIMEOUT_MS = 15_000;
/** How long a head may stand still, while peers are ahead, before blocks are asked for. */
export const SYNC_INTERVAL_MS = 1_000;

/** After a fault of this machine's own, a full disk above all. */
export const REST_AFTER_FAULT_MS = 10_000;

// Headers
export const MAX_HEADERS_PER_RESPONSE = 256;
/** A response stops growing past this; a header with 100 signatures has 9 KiB. */
export const MAX_HEADERS_RESPONSE_BYTES = 3 * MIB;
/** Heights fetched ahead of the first one missing: what is held in memory until its predecessor comes. */
export const HEADER_WINDOW_BLOCKS = 16 * MAX_HEADERS_PER_RESPONSE;

// Snapshots
/** Snapshots are taken at multiples of this, so that all newcomers of a time ask for one and the same. */
export const SNAPSHOT_SPACING_BLOCKS = 32;
/** A snapshot begun is left for a newer one when it lies this far behind the newest header. */
export const MAX_SNAPSHOT_AGE_BLOCKS = 4_096;
export const MAX_PROTOCOL_STATE_BYTES = 4 * MIB;
export const MAX_STATE_ITEMS_PER_REQUEST = 384;
export const MAX_STATE_RESPONSE_BYTES = MIB;
/** Downloaded state is written in batches of this size. */
export const STATE_BATCH_BYTES = MIB;

// Models
/** A piece of a model's vector: 1 MiB. */
export const MAX_CHUNKS_PER_REQUEST = 16;
/** Chunk hashes of a model of 4 billion parameters. */
export const MAX_MODEL_OUTLINE_BYTES = 24 * MIB;
/** Models whose chunk hashes a server remembers. */
export const MAX_REMEMBERED_OUTLINES = 4;

// Pieces from several peers
/** Pieces under way from one peer. */
export const PIECES_PER_PEER = 3;
export const PIECE_TIMEOUT_MS = 20_000;
/** A peer that failed rests, longer each time, and is left alone after so many failures in a row. */
export const PEER_REST_MS = 500;
export const MAX_FAILURES_IN_A_ROW = 4;
/** Without any peer to ask, a download waits this long for one before it gives up for now. */
export const NO_PEERS_PATIENCE_MS = 5_000;
export const NO_PEERS_LOOK_MS = 250;

export const OPENING_TIMEOUT_MS = 5_000;
/** A peer that let an opening or a blob run out of time is asked for no other this long, twice as long each time in a row, up to the bound. */
export const SLOW_PEER_REST_MS = 4_000;
export const MAX_SLOW_PEER_REST_MS = 60_000;
export const BLOB_TIMEOUT_MS = 60_000;
/** Points a peer loses for bytes that are not what was asked for: the fifth time it is refused. */
export const WRONG_BYTES_POINTS = 20;
/** For a request that ran out of time: a loaded machine's are few, and fade. */
export const TIMEOUT_POINTS = 1;
