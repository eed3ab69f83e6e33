/** Every limit of this room, in one table. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
export const MAX_BATCH_REQUESTS = 1_000;
export const MAX_TRANSACTIONS_LISTED = 100;
export const MAX_FEE_HISTORY_BLOCKS = 1_024;
export const MAX_FEE_HISTORY_PERCENTILES = 100;
export const MAX_FILTER_ADDRESSES = 1_000;
/** Topics that may stand for one place. */
export const MAX_FILTER_TOPICS = 1_000;
export const MAX_OVERRIDDEN_ACCOUNTS = 1_000;
export const MAX_OVERRIDDEN_SLOTS = 10_000;
/** Structures and arrays within one another in typed data. */
export const MAX_TYPED_DATA_DEPTH = 32;
export const MAX_STORAGE_VALUES = 1_024;
/** Installed filters of all clients together; one that nobody asked for FILTER_IDLE_MS is forgotten, as in go-ethereum. */
export const MAX_FILTERS = 1_024;
export const FILTER_IDLE_MS = 5 * 60_000;
/** Hashes of pooled transactions kept for filters that have not asked yet. */
export const MAX_REMEMBERED_PENDING = 8_192;
/** WebSocket: connections, subscriptions of one, requests of one that may wait, and bytes unsent before it is closed. */
export const MAX_WS_CONNECTIONS = 256;
export const MAX_WS_SUBSCRIPTIONS = 128;
export const MAX_WS_WAITING_REQUESTS = 1_000;
export const MAX_WS_BUFFERED_BYTES = 8 * 1024 * 1024;
/** A connection that answers no ping for this long is closed. */
export const WS_PING_MS = 30_000;
/** Characters of a batch's answers; what comes after is refused (go-ethereum's BatchResponseMaxSize). */
export const MAX_BATCH_RESPONSE_LENGTH = 25 * 1000 * 1000;
export const DEFAULT_MAX_COMPLETION_TOKENS = 100;
export const DEFAULT_LEGACY_COMPLETION_TOKENS = 16;
export const MAX_STOP_SEQUENCES = 4;
/** Answers to one request, over all its prompts. */
export const MAX_CHOICES = 16;
export const MAX_TOP_LOGPROBS = 20;
export const MAX_LEGACY_LOGPROBS = 5;
export const MAX_LOGIT_BIASES = 1_024;
export const MAX_TOOLS = 128;
/** Texts embedded by one request. */
export const MAX_EMBEDDING_INPUTS = 256;
