/** Every limit of this room, in one table. All of them bound what a faulty authority can make the others keep. */

/** Rounds above the own one in which messages of one authority are kept; a newer round pushes out its oldest. */
export const FUTURE_ROUNDS_PER_AUTHORITY = 3;
/** Finished rounds kept below the own one, besides those a lock or a proposal refers to. */
export const PAST_ROUNDS_KEPT = 8;
/** Bodies tried for one block hash within one round: a header does not vouch for the bytes that came with it. */
export const BODIES_PER_BLOCK_AND_ROUND = 4;
/** Rounds are counted in 32 bits; reaching this one takes longer than any network lives. */
export const MAX_ROUND = 2 ** 31 - 1;
/** Messages of the next height kept of one authority until that height begins here: two rounds of them. */
export const EARLY_MESSAGES_PER_AUTHORITY = 6;
