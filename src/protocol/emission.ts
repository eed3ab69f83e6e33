import type { Genesis } from '../params/genesis.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';

/** New coins of a round. Everything is cut down to whole gwei, which is what a withdrawal can carry (EIP-4895). */

/** Halvings after which any emission is zero; keeps the shift small. */
const MAX_HALVINGS = 256;

/** Most wei that settling `round` may mint: halved every `halving_rounds`. */
export function emissionOf(round: number, rewards: Genesis['rewards']): bigint {
  const halvings = Math.min(Math.floor(round / rewards.halving_rounds), MAX_HALVINGS);
  return wholeGwei(BigInt(rewards.emission_per_round) >> BigInt(halvings));
}

/**
 * Each accepted proof's reward in wei, in the order of `tokens`: its part of the trainers' share by tokens, under the
 * price cap for each token. What the cap and the rounding leave is never minted.
 */
export function trainerRewards(tokens: readonly number[], emission: bigint, rewards: Genesis['rewards']): readonly bigint[] {
  const total = tokens.reduce((sum, each) => sum + BigInt(each), 0n);
  if (total === 0n) return tokens.map(() => 0n);
  const pot = (emission * BigInt(rewards.trainer_percent)) / 100n;
  return tokens.map((each) => {
    const part = (pot * BigInt(each)) / total;
    const cap = BigInt(rewards.max_reward_per_token) * BigInt(each);
    return wholeGwei(part < cap ? part : cap);
  });
}

/**
 * Wei for one authority that checked well: a fixed seat's part of the authorities' share. It does not grow when others
 * miss, so that nobody gains by keeping another from voting.
 */
export function authorityReward(authorities: number, emission: bigint, rewards: Genesis['rewards']): bigint {
  return wholeGwei((emission * BigInt(rewards.authority_percent)) / (100n * BigInt(authorities)));
}

function wholeGwei(wei: bigint): bigint {
  return wei - (wei % WEI_PER_GWEI);
}
