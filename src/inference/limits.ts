/** Every limit of this room, in one table. */

/** Sequences decoded together when nothing else is configured, and memory their keys and values may take. */
export const DEFAULT_SLOTS = 8;
export const MAX_CACHE_BYTES = 1024 * 1024 * 1024;
/** Answers under way or waited for. */
export const MAX_COMPLETIONS = 128;
/** A newer model may take the place of the one a waiting job was to use. */
export const MAX_ATTEMPTS = 3;
/** Prompt tokens a job would rather wait for than compute again, when a running one is computing the same. */
export const SHARED_PREFIX_WORTH_TOKENS = 16;
/** Seeds that are drawn; any finite number may be asked for. */
export const MAX_SEED = 2 ** 47;

/** Nodes of one grammar's automaton, states remembered of it, and rules within one another. */
export const MAX_GRAMMAR_NODES = 200_000;
export const MAX_AUTOMATON_STATES = 4_096;
/** Places at once: what one state may cost. */
export const MAX_STATE_PLACES = 4_096;
export const MAX_GRAMMAR_DEPTH = 64;
/** Expressions within one another in a regular expression or a schema. */
export const MAX_EXPRESSION_DEPTH = 64;
export const MAX_PATTERN_LENGTH = 4_096;
/** Digits before, after the point of a generated number: what a double holds exactly. */
export const MAX_NUMBER_DIGITS = 15;
