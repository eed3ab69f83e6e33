import { adversaryOf } from './adversaries/all.ts';
import type { AdversaryKind } from './adversary-kinds.ts';
import type { FaultKind } from './faults.ts';
import { type RunResult, runScenario, type Scenario } from './scenario.ts';
import { survivalScenario } from './survival.ts';

/** Scenarios without their seed, as plain data: it crosses threads and stands in reports. */
export type SimulationSpec = NetworkSpec | SurvivalSpec;

/** One network under every seed. */
export interface NetworkSpec {
  readonly type: 'network';
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
  readonly checks: number;
  readonly segments: number;
}

/** Another network for each seed, and trouble of every kind (survival.ts). */
export interface SurvivalSpec {
  readonly type: 'survival';
}

export function scenarioOf(spec: SimulationSpec, seed: number): Scenario {
  if (spec.type === 'survival') return survivalScenario(String(seed));
  const { type: _, faults, adversaries, ...rest } = spec;
  return {
    ...rest,
    seed: String(seed),
    adversaries: adversaries.map(adversaryOf),
    ...(faults.length === 0 ? {} : { faults: new Set(faults) }),
  };
}

export function runSeed(spec: SimulationSpec, seed: number): Promise<RunResult> {
  return runScenario(scenarioOf(spec, seed));
}
