/**
 * Every size limit of an encoding, in one table. A gossip message carries at most 256 KiB (the transport's bound), so a
 * proposal with its block must stay below that.
 */
const KIB_BYTES = 1024;

/** Nesting of lists; the deepest type of ours has 8 levels. */
export const MAX_RLP_DEPTH = 16;

/** Trainers in one round, whatever the genesis allows: bounds a sealed list to 21 kB. */
export const MAX_TRAINERS_PER_ROUND = 1000;
export const MAX_AUTHORITIES = 100;

export const MAX_OPERATIONS_PER_BLOCK = 1000;
/** The Ethereum block inside ours: 128 KiB of transactions, 1100 withdrawals. EIP-7934 bounds Ethereum's own blocks in the same way. */
export const MAX_EXECUTION_BYTES = 168 * KIB_BYTES;
export const MAX_BLOCK_BYTES = 240 * KIB_BYTES;
export const MAX_CONSENSUS_MESSAGE_BYTES = 250 * KIB_BYTES;
/** A block and 100 signatures. */
export const MAX_FINAL_BLOCK_BYTES = 252 * KIB_BYTES;

/** Segments dealt to one authority in a round, its secret one included: findings of 35 bytes each. */
export const MAX_FINDINGS = 512;
/** Disputed segments of one round; proofs with a dispute beyond it are void. */
export const MAX_DISPUTES = 16;
/** A vote with 512 findings on 1000 proofs, and a ruling on 16 disputes of 48 steps each. */
export const MAX_OPERATION_BYTES = 32 * KIB_BYTES;
export const MAX_HEADER_BYTES = 512;
/** One prevote or precommit, and what it signs. */
export const MAX_VOTE_BYTES = 256;
export const MAX_CERTIFICATE_BYTES = 12 * KIB_BYTES;

/** Sibling hashes in one Merkle path: 2^40 leaves. */
export const MAX_MERKLE_DEPTH = 40;
export const MAX_OPENING_BYTES = 4 * KIB_BYTES;

/** Wei amounts fit the EVM's word. */
export const MAX_AMOUNT_BYTES = 32;
/** A withdrawal's amount is a uint64 of gwei (EIP-4895). */
export const MAX_GWEI_BYTES = 8;
/** One answer with a part of a file that the genesis names by hash. */
export const ASSET_PART_BYTES = 2 * 1024 * 1024;
