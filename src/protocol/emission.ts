import type { Genesis } from '../params/genesis.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import { fixedLoss } from './losses.ts';

/** New coins of a round. Everything is cut down to whole gwei, which is what a withdrawal can carry (EIP-4895). */

type Rewards = Genesis['rewards'];

/** Halvings after which any emission is zero; keeps the shift small. */
const MAX_HALVINGS = 256;
/** The bounty pool is filled up to so many rounds' share. */
const POOL_ROUNDS = 100n;
/** An emission factor of 1, in millionths. */
export const FULL_EMISSION = 1_000_000;
const PPM_PER_PERCENT = 10_000;

/** Most wei that settling `round` may mint: halved every `halving_rounds`. */
export function emissionOf(round: number, rewards: Rewards): bigint {
  const halvings = Math.min(Math.floor(round / rewards.halving_rounds), MAX_HALVINGS);
  return wholeGwei(BigInt(rewards.emission_per_round) >> BigInt(halvings));
}

/**
 * Millionths of the emission that a round may mint: from the genesis's floor when the held-out loss is no lower than the least
 * so far, linearly up to all of it at `improvement_target_ppm`. Against the least and not the last, so that making the model
 * worse first gains nothing. All of it at the first measurement; the floor when no quorum measured.
 * @param best least held-out loss so far, @param loss now, f32
 */
export function emissionFactor(best: number | undefined, loss: number | undefined, rewards: Rewards): number {
  const floor = rewards.emission_floor_percent * PPM_PER_PERCENT;
  if (loss === undefined) return floor;
  if (best === undefined) return FULL_EMISSION;
  const reference = fixedLoss(best);
  const fall = reference - fixedLoss(loss);
  if (fall <= 0n) return floor;
  const improvement = (fall * BigInt(FULL_EMISSION)) / reference;
  const target = BigInt(rewards.improvement_target_ppm);
  const earned = improvement < target ? improvement : target;
  return floor + Number((BigInt(FULL_EMISSION - floor) * earned) / target);
}

export function scaled(emission: bigint, factor: number): bigint {
  return wholeGwei((emission * BigInt(factor)) / BigInt(FULL_EMISSION));
}

/** The trainers' share of what a round may mint. */
export function trainerPot(emission: bigint, rewards: Rewards): bigint {
  return (emission * BigInt(rewards.trainer_percent)) / 100n;
}

/**
 * Each accepted proof's reward in wei, in the order of `tokens`: its part of the trainers' share by tokens, under the
 * price cap for each token. What the cap and the rounding leave is never minted.
 */
export function trainerRewards(tokens: readonly number[], emission: bigint, rewards: Rewards): readonly bigint[] {
  const total = tokens.reduce((sum, each) => sum + BigInt(each), 0n);
  if (total === 0n) return tokens.map(() => 0n);
  const pot = trainerPot(emission, rewards);
  return tokens.map((each) => {
    const part = (pot * BigInt(each)) / total;
    const cap = BigInt(rewards.max_reward_per_token) * BigInt(each);
    return wholeGwei(part < cap ? part : cap);
  });
}

/** The most that one trainer can get in a round, alone and with all segments. */
export function largestPossibleReward({ rewards, rounds, learning, model }: Genesis): bigint {
  const tokens = rounds.max_segments * rounds.steps_per_segment * learning.batch_size * model.context_length;
  return trainerRewards([tokens], emissionOf(0, rewards), rewards)[0] ?? 0n;
}

/**
 * Wei for one authority that checked all it should: a fixed seat's part of the authorities' share. It does not grow when others
 * miss, so that nobody gains by keeping another from voting.
 */
export function authorityReward(authorities: number, emission: bigint, rewards: Rewards): bigint {
  return wholeGwei((emission * BigInt(rewards.authority_percent)) / (100n * BigInt(authorities)));
}

/** A seat's reward for `done` of `wanted` pieces of work. */
export function authorityPart(seat: bigint, done: number, wanted: number): bigint {
  return wanted === 0 ? 0n : wholeGwei((seat * BigInt(done)) / BigInt(wanted));
}

/** Wei that a round adds to the bounty pool. */
export function bountyShare(pool: bigint, emission: bigint, rewards: Rewards): bigint {
  const share = wholeGwei((emission * BigInt(rewards.bounty_percent)) / 100n);
  const room = POOL_ROUNDS * share - pool;
  if (room <= 0n) return 0n;
  return room < share ? room : share;
}

function wholeGwei(wei: bigint): bigint {
  return wei - (wei % WEI_PER_GWEI);
}
