import { MAX_TRAINERS_PER_ROUND } from '../codec/limits.ts';
import type { Genesis } from '../params/genesis.ts';

/** A trainer sealed in none of this many rounds gives its place up. */
export const IDLE_ROUNDS = 3;

/** Records of trainers kept, those without a place included; the longest idle are forgotten first. */
export const MAX_TRAINER_RECORDS = 4096;

/** Positions of the public draw that each authority gets at least. */
export const MIN_CHECKS = 2;

/** Accounts with a stake. A deposit that finds no room is given back. */
export const MAX_STAKE_RECORDS = 8192;
/** Accounts that the protocol owes something. What finds no room is burned; each ordinary block pays some. */
export const MAX_PAYABLES = 4096;
/** Payables that one ordinary block pays, as withdrawals. */
export const MAX_PAYOUTS_PER_BLOCK = 64;
/** Double signatures remembered, so that none is punished twice. */
export const MAX_PUNISHED = 1024;

/**
 * Bound on what a proof may announce as its update: that of a model of some four thousand million parameters. The exact
 * size is checked where updates are understood: a block that seals a proof finds votes only from those who hold its update.
 */
export const MAX_UPDATE_BYTES = 4 * 1024 ** 3;

/** Blocks of a round without trainers beyond `reveal_blocks`: time to ask to join. */
const GATHERING_EXTRA_BLOCKS = 8;

/** Blocks of a round with so much to do: trainers in it, and sealed proofs to check meanwhile. One without either only gathers, and is short. */
export function roundLengthBlocks(work: number, { blocks_per_round, reveal_blocks }: Genesis['rounds']): number {
  return work > 0 ? blocks_per_round : Math.min(blocks_per_round, reveal_blocks + GATHERING_EXTRA_BLOCKS);
}

/** Places in a round: the genesis's, within what one message can list. */
export function seatsOf(genesis: Genesis): number {
  return Math.min(genesis.rounds.max_trainers, MAX_TRAINERS_PER_ROUND);
}

/** Of these, the ones that trainers without their minimum stake can have: at least one, so that a network can begin without coins. */
export function placesWithoutStake(seats: number): number {
  return Math.ceil(seats / 2);
}
