import { adversaryOf } from './adversaries/all.ts';
import type { AdversaryKind } from './adversary-kinds.ts';
import { ALL_FAULTS } from './faults.ts';
import { createRandom } from './random.ts';
import type { Scenario } from './scenario.ts';

const LEAST_AUTHORITIES = 4;
const MOST_AUTHORITIES = 7;
/** Faulty authorities are drawn from these: liars about blocks in every network, liars about proofs where somebody trains. */
const LIARS: readonly AdversaryKind[] = ['equivocator', 'double-voter', 'silent'];
const FALSE_JUDGES: readonly AdversaryKind[] = ['lazy-authority', 'false-accuser', 'preimage-withholder'];
/** Of the networks, so many train: such a run takes ten times as long. */
const TRAINING_SHARE = 0.05;
const TROUBLE_MS = 6_000;
const SPELLS = 2;
const BLOCKS_AFTER_EACH = 2;
const BLOCKS_PER_ROUND = 14;

/**
 * The question of survival: 4 to 7 authorities with fewer than a third of them faulty, and twice trouble of every kind, after
 * which the network must go on. All of it is drawn from the seed.
 */
export function survivalScenario(seed: string): Scenario {
  const random = createRandom(`${seed}/shape`);
  const authorities = LEAST_AUTHORITIES + random.integer(MOST_AUTHORITIES - LEAST_AUTHORITIES + 1);
  const mostFaulty = Math.ceil(authorities / 3) - 1;
  const trains = random.chance(TRAINING_SHARE);
  const kinds = trains ? [...LIARS, ...FALSE_JUDGES] : LIARS;
  const liars = Array.from({ length: random.integer(mostFaulty + 1) }, () => random.pick(kinds));
  const trainers = trains ? 1 + random.integer(3) : 0;
  const cheats: readonly AdversaryKind[] = trainers > 1 && random.chance(0.3) ? ['interpolator'] : [];
  return {
    seed,
    authorities,
    trainers,
    adversaries: [...liars, ...cheats].map(adversaryOf),
    faults: ALL_FAULTS,
    troubleMs: TROUBLE_MS,
    spells: SPELLS,
    blocks: BLOCKS_AFTER_EACH,
    rounds: trains ? 1 : 0,
    blocksPerRound: BLOCKS_PER_ROUND,
  };
}
