/** Answers of a hub's API: a listing of some hundred thousand files. */
export const MAX_LISTING_BYTES = 2 ** 26;
export const MAX_HUB_FILES = 100_000;
/** One record's text, and one line of a JSONL file. */
export const MAX_RECORD_BYTES = 2 ** 26;
/** Attempts in a row that bring not one new byte. */
export const MAX_FRUITLESS_ATTEMPTS = 6;
/** Times a file that has the wrong hash is fetched again from its beginning. */
export const MAX_FRESH_STARTS = 2;
export const FIRST_PAUSE_MS = 500;
export const MAX_PAUSE_MS = 30_000;
/** A server that asks for more patience than this is not waited for. */
export const MAX_RETRY_AFTER_MS = 600_000;
/** No byte for so long: the connection is given up and the rest asked for again. */
export const STALL_MS = 30_000;
