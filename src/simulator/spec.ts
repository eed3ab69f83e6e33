import { adversaryOf } from './adversaries/all.ts';
import type { AdversaryKind } from './adversary-kinds.ts';
import type { FaultKind } from './faults.ts';
import { type RunResult, runScenario, type Scenario } from './scenario.ts';

/** A scenario without its seed, as plain data: it crosses threads and stands in reports. */
export interface ScenarioSpec {
  readonly authorities: number;
  readonly trainers: number;
  readonly followers: number;
  /** Kinds, one for each faulty node. */
  readonly adversaries: readonly AdversaryKind[];
  readonly rounds: number;
  /** Blocks wanted beyond the trouble, for networks without trainers. */
  readonly blocks: number;
  readonly faults: readonly FaultKind[];
  readonly troubleMs: number;
  readonly challenges: number;
  readonly segments: number;
}

export function scenarioOf(spec: ScenarioSpec, seed: number): Scenario {
  const { faults, adversaries, ...rest } = spec;
  return {
    ...rest,
    seed: String(seed),
    adversaries: adversaries.map(adversaryOf),
    ...(faults.length === 0 ? {} : { faults: new Set(faults) }),
  };
}

export function runSeed(spec: ScenarioSpec, seed: number): Promise<RunResult> {
  return runScenario(scenarioOf(spec, seed));
}
