import { consensusTimeouts } from '../node/timeouts.ts';
import type { Genesis } from '../params/genesis.ts';
import { checksumAddress, type Signer } from '../primitives/keys.ts';
import type { Adversary } from './adversary.ts';
import { roleOfKind } from './adversary-kinds.ts';
import { FAULT_KINDS, type Fault, type FaultKind, NO_FAULTS, randomFaults, randomSkew } from './faults.ts';
import { createMeasurements, FOLLOWER, HONEST_AUTHORITY, HONEST_TRAINER, type RunMeasurements } from './measurements.ts';
import { type NetworkNodePlan, networkNode } from './network-node.ts';
import type { Wire } from './peer-network.ts';
import { createRandom } from './random.ts';
import { createSimulation } from './simulation.ts';
import { describeWire } from './trace.ts';
import { createWorld, type World } from './world.ts';

/** A network and what befalls it. The seed and this fix a run to the last message. */
export interface Scenario {
  readonly seed: string;
  readonly authorities: number;
  /** Trainers, the cheating ones included. */
  readonly trainers: number;
  /** Nodes that do neither. */
  readonly followers?: number;
  /** Each takes one of the authorities' or trainers' places. */
  readonly adversaries?: readonly Adversary[];
  /** Settled rounds wanted after the trouble is over; with 0 the run ends after `blocks`. */
  readonly rounds: number;
  readonly blocks?: number;
  /** Explicit faults, or kinds of random ones that last `troubleMs`. */
  readonly faults?: readonly Fault[] | ReadonlySet<FaultKind>;
  readonly troubleMs?: number;
  /** Segments re-executed for each proof, the last one among them, and the most segments a proof may have. */
  readonly challenges?: number;
  readonly segments?: number;
  readonly blocksPerRound?: number;
  readonly realSignatures?: boolean;
  /** Virtual time for the wanted rounds or blocks, after the last fault. */
  readonly patienceMs?: number;
}

export interface RunResult extends RunMeasurements {
  readonly seed: string;
  /** Empty when the run was safe. */
  readonly violations: readonly string[];
  /** True when every honest node reached what was wanted in time. */
  readonly live: boolean;
  /** Of each honest node. */
  readonly heights: readonly number[];
  readonly elapsedMs: number;
  readonly eventsRun: number;
  readonly trace: string;
}

export const DEFAULT_CHALLENGES = 3;
export const DEFAULT_SEGMENTS = 12;
const DEFAULT_BLOCKS_PER_ROUND = 16;
const DEFAULT_TROUBLE_MS = 12_000;
const DEFAULT_PATIENCE_MS = 240_000;
/** Rounds that a run may last beyond the wanted ones, trouble included. */
const SPARE_ROUNDS = 60;
/** Virtual time of one segment on a trainer's machine, and how far machines differ. */
const SEGMENT_MS = 650;
const SPEED_SPREAD = 0.25;
/** Authorities' machines are faster: each checks all proofs. */
const CHECKER_SPEEDUP = 8;

export const ALL_FAULTS: ReadonlySet<FaultKind> = new Set(FAULT_KINDS);

function roundsOf({ challenges = DEFAULT_CHALLENGES, segments = DEFAULT_SEGMENTS, blocksPerRound, trainers }: Scenario): Genesis['rounds'] {
  return {
    blocks_per_round: blocksPerRound ?? DEFAULT_BLOCKS_PER_ROUND,
    submit_blocks: 2,
    reveal_blocks: 2,
    steps_per_segment: 2,
    max_segments: segments,
    vote_blocks: 3,
    dispute_blocks: 4,
    probation_segments: Math.min(4, segments),
    checks_per_authority: Math.max(2, challenges),
    max_trainers: Math.max(8, 2 * trainers),
  };
}

/** Runs one network through its faults, and then until every honest node has what the scenario wants. */
export async function runScenario(scenario: Scenario): Promise<RunResult> {
  const { seed, rounds, blocks = 0, troubleMs = DEFAULT_TROUBLE_MS, patienceMs = DEFAULT_PATIENCE_MS } = scenario;
  const places = placesOf(scenario);
  const world = createWorld({
    seed,
    authorities: scenario.authorities,
    rounds: roundsOf(scenario),
    realSignatures: scenario.realSignatures ?? false,
    staked: places.flatMap(({ name }) => name ?? []),
    onionElements: rounds + SPARE_ROUNDS,
  });
  const random = createRandom(`${seed}/scenario`);
  const honest = places.filter(({ adversary }) => adversary === undefined).length;
  const given = scenario.faults ?? NO_FAULTS;
  const faults = isList(given) ? given : randomFaults(random, { nodes: honest, healAtMs: troubleMs, kinds: given });
  const clockSkewMs = isList(given) ? [] : randomSkew(random, { nodes: honest, kinds: given });

  const signers = places.map((place) => place.signer(world));
  const accounts = signers.map(({ address }) => checksumAddress(address));
  const measurements = createMeasurements(
    { kinds: places.map(({ adversary, trains, isAuthority }) => adversary?.kind ?? roleOf(trains, isAuthority)) },
    { now: () => simulation.elapsedMs },
  );
  const plans = places.map((place, index): NetworkNodePlan => {
    const signer = signers[index] as Signer;
    const authority = world.authorities.find((each) => each.signer === signer);
    const onion = authority?.onion;
    const secretOnion = authority?.secretOnion;
    const speed = 1 + random.between(-SPEED_SPREAD, SPEED_SPREAD);
    const segmentMs = SEGMENT_MS / speed / (onion === undefined ? 1 : CHECKER_SPEEDUP);
    measurements.onAddress(index, signer.address);
    const { adversary, trains } = place;
    return networkNode(
      { world, signer, onion, secretOnion, trains, accounts, timeouts: consensusTimeouts, segmentMs, adversary, seed },
      measurements,
      measurements.meter(index),
    );
  });
  const simulation = createSimulation<Wire>({ seed, plans, faults, clockSkewMs, describe: describeWire });

  const good = plans.filter((plan) => plan.honest);
  const isBroken = () => measurements.violations.length > 0;
  const healedAtMs = Math.max(0, ...faults.map((fault) => fault.atMs));
  await simulation.run(healedAtMs, isBroken);
  const heightOf = (plan: NetworkNodePlan) => plan.chain?.height ?? 0;
  const settledOf = (plan: NetworkNodePlan) => plan.chain?.state.settledRound ?? -1;
  const wantedHeight = Math.max(0, ...good.map(heightOf)) + blocks;
  const wantedRound = rounds === 0 ? -1 : Math.max(0, ...good.map(settledOf)) + rounds;
  const reached = () => good.every((plan) => heightOf(plan) >= wantedHeight && settledOf(plan) >= wantedRound);
  await simulation.run(healedAtMs + patienceMs, () => isBroken() || reached());
  return {
    ...measurements.result(good.flatMap((plan) => plan.chain?.state ?? [])),
    seed,
    violations: measurements.violations,
    live: reached(),
    heights: good.map(heightOf),
    elapsedMs: simulation.elapsedMs,
    eventsRun: simulation.eventsRun,
    trace: simulation.trace(),
  };
}

interface Place {
  readonly adversary: Adversary | undefined;
  readonly isAuthority: boolean;
  readonly trains: boolean;
  /** Of a trainer with a stake. */
  readonly name?: string;
  readonly signer: (world: World) => Signer;
}

/** Honest nodes first: faults strike them by index. Which authority in the rotation is faulty is drawn from the seed. */
function placesOf({ seed, authorities, trainers, followers = 0, adversaries = [] }: Scenario): readonly Place[] {
  const rotation = createRandom(`${seed}/places`).shuffle(Array.from({ length: authorities }, (_, i) => i));
  const badAuthorities = adversaries.filter(({ kind }) => roleOfKind(kind) === 'authority');
  const badTrainers = adversaries.filter(({ kind }) => roleOfKind(kind) === 'trainer');
  const authority = (adversary: Adversary | undefined): Place => {
    const index = rotation.pop();
    if (index === undefined) throw new RangeError(`${badAuthorities.length} faulty of ${authorities} authorities`);
    return {
      adversary,
      isAuthority: true,
      trains: false,
      signer: (world) => (world.authorities[index] as World['authorities'][number]).signer,
    };
  };
  const other = (name: string, trains: boolean, adversary: Adversary | undefined): Place => ({
    adversary,
    isAuthority: false,
    trains,
    ...(trains ? { name } : {}),
    signer: (world) => world.signerNamed(name),
  });
  const times = (count: number) => Array.from({ length: Math.max(0, count) }, (_, i) => i);
  return [
    ...times(authorities - badAuthorities.length).map(() => authority(undefined)),
    ...times(trainers - badTrainers.length).map((i) => other(`trainer ${i}`, true, undefined)),
    ...times(followers).map((i) => other(`follower ${i}`, false, undefined)),
    ...badAuthorities.map(authority),
    ...badTrainers.map((adversary, i) => other(`${adversary.kind} ${i}`, true, adversary)),
  ];
}

function roleOf(trains: boolean, isAuthority: boolean): string {
  if (isAuthority) return HONEST_AUTHORITY;
  return trains ? HONEST_TRAINER : FOLLOWER;
}

function isList(faults: readonly Fault[] | ReadonlySet<FaultKind>): faults is readonly Fault[] {
  return Array.isArray(faults);
}
