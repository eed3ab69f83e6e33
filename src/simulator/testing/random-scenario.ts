import { adversaryOf } from '../adversaries/all.ts';
import type { AdversaryKind } from '../adversary-kinds.ts';
import { createRandom } from '../random.ts';
import { ALL_FAULTS, type RunResult, runScenario } from '../scenario.ts';

const LIARS: readonly AdversaryKind[] = ['equivocator', 'double-voter', 'silent'];

/** A network of 4 to 7 authorities with fewer than one third of them faulty, and random trouble of every kind: all from the seed. */
export function randomScenario(seed: string): Promise<RunResult> {
  const random = createRandom(`${seed}/shape`);
  const authorities = 4 + random.integer(4);
  const most = Math.ceil(authorities / 3) - 1;
  const adversaries = Array.from({ length: random.integer(most + 1) }, () => adversaryOf(random.pick(LIARS)));
  return runScenario({ seed, authorities, trainers: 0, adversaries, faults: ALL_FAULTS, rounds: 0, blocks: 2 });
}
