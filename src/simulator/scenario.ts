import { consensusTimeouts } from '../node/timeouts.ts';
import type { Genesis } from '../params/genesis.ts';
import { checksumAddress, type Signer } from '../primitives/keys.ts';
import { initialProtocolState } from '../protocol/genesis-state.ts';
import type { Adversary } from './adversary.ts';
import { roleOfKind } from './adversary-kinds.ts';
import { type Fault, type FaultKind, randomFaults, randomSkew } from './faults.ts';
import { GENESIS_ROOTS } from './learning/models.ts';
import { createMeasurements, FOLLOWER, HONEST_AUTHORITY, HONEST_TRAINER, type RunMeasurements } from './measurements.ts';
import { type NetworkNodePlan, networkNode } from './network-node.ts';
import type { Wire } from './peer-network.ts';
import { createRandom } from './random.ts';
import type { Violation } from './safety.ts';
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
  /** Settled rounds with proofs that are wanted after the trouble is over. */
  readonly rounds: number;
  /** Blocks wanted after each spell of trouble. */
  readonly blocks?: number;
  /** Explicit faults, or kinds of random ones that last `troubleMs`. */
  readonly faults?: readonly Fault[] | ReadonlySet<FaultKind>;
  readonly troubleMs?: number;
  /** How often random trouble comes, each time once the network has gone on. */
  readonly spells?: number;
  /** Drawn positions for each authority, beside the segments that are always checked; and the most segments a proof may have. */
  readonly checks?: number;
  readonly segments?: number;
  readonly blocksPerRound?: number;
  readonly realSignatures?: boolean;
  /** Virtual time for the wanted rounds or blocks, after the last fault. */
  readonly patienceMs?: number;
}

export interface RunResult extends RunMeasurements {
  readonly seed: string;
  /** Empty when the run was safe. */
  readonly violations: readonly Violation[];
  /** True when every honest node reached what was wanted in time, after every heal. */
  readonly live: boolean;
  /** Faults that struck, and heals after which the network had to go on. */
  readonly faults: { readonly crashes: number; readonly partitions: number; readonly heals: number };
  /** Of each honest node. */
  readonly heights: readonly number[];
  readonly elapsedMs: number;
  readonly eventsRun: number;
  readonly trace: string;
}

const DEFAULT_CHECKS = 2;
const DEFAULT_SEGMENTS = 12;
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

function roundsOf({ checks = DEFAULT_CHECKS, segments = DEFAULT_SEGMENTS, blocksPerRound, trainers }: Scenario): Genesis['rounds'] {
  return {
    blocks_per_round: blocksPerRound ?? DEFAULT_BLOCKS_PER_ROUND,
    submit_blocks: 2,
    reveal_blocks: 2,
    steps_per_segment: 2,
    max_segments: segments,
    vote_blocks: 3,
    dispute_blocks: 4,
    probation_segments: Math.min(4, segments),
    checks_per_authority: checks,
    max_trainers: Math.max(8, 2 * trainers),
  };
}

/** Runs one network through its faults, and then until every honest node has what the scenario wants. */
export async function runScenario(scenario: Scenario): Promise<RunResult> {
  const { seed, rounds, blocks = 0, faults: given = [], patienceMs = DEFAULT_PATIENCE_MS } = scenario;
  const places = placesOf(scenario);
  const world = createWorld({
    seed,
    authorities: scenario.authorities,
    rounds: roundsOf(scenario),
    realSignatures: scenario.realSignatures ?? false,
    staked: places.flatMap(({ name }) => name ?? []),
    onionElements: rounds + SPARE_ROUNDS,
  });
  const { genesis, genesisHash } = world.context;
  const initial = initialProtocolState(genesis, genesisHash, GENESIS_ROOTS.modelRoot, GENESIS_ROOTS.startRoot);
  const random = createRandom(`${seed}/scenario`);
  const honest = places.filter(({ adversary }) => adversary === undefined).length;
  const kinds = isList(given) ? undefined : given;
  const clockSkewMs = kinds === undefined ? [] : randomSkew(random, { nodes: honest, kinds });

  const signers = places.map((place) => place.signer(world));
  const accounts = signers.map(({ address }) => checksumAddress(address));
  const measurements = createMeasurements(
    { kinds: places.map(({ adversary, trains, isAuthority }) => adversary?.kind ?? roleOf(trains, isAuthority)), initial },
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
      { world, initial, signer, onion, secretOnion, trains, accounts, timeouts: consensusTimeouts, segmentMs, adversary, seed },
      measurements,
      measurements.meter(index),
    );
  });
  const simulation = createSimulation<Wire>({ seed, plans, clockSkewMs, describe: describeWire });

  const good = plans.filter((plan) => plan.honest);
  const isBroken = () => measurements.violations.length > 0;
  const heightOf = (plan: NetworkNodePlan) => plan.chain?.height ?? 0;
  const settledOf = (plan: NetworkNodePlan) => plan.chain?.state.settledRound ?? -1;
  /** Until every honest node has so much more than the first of them has now. */
  const goOn = (moreBlocks: number, moreRounds: number) => {
    const height = Math.max(...good.map(heightOf)) + moreBlocks;
    const rounds = moreRounds === 0 ? 0 : measurements.settledRounds.length + moreRounds;
    const reached = () => {
      const round = rounds === 0 ? -1 : (measurements.settledRounds[rounds - 1] ?? Number.POSITIVE_INFINITY);
      return good.every((plan) => heightOf(plan) >= height && settledOf(plan) >= round);
    };
    return simulation.run(simulation.elapsedMs + patienceMs, () => isBroken() || reached());
  };

  const struck = { crashes: 0, partitions: 0, heals: 0 };
  const spells = kinds === undefined ? 1 : (scenario.spells ?? 1);
  let live = true;
  for (let spell = 1; spell <= spells && live; spell++) {
    const faults = isList(given)
      ? given
      : randomFaults(random, { nodes: honest, healAtMs: scenario.troubleMs ?? DEFAULT_TROUBLE_MS, kinds: given });
    simulation.schedule(faults);
    struck.crashes += faults.filter(({ type }) => type === 'crash').length;
    struck.partitions += faults.filter(({ type }) => type === 'partition').length;
    await simulation.run(simulation.elapsedMs + Math.max(0, ...faults.map(({ atMs }) => atMs)), isBroken);
    live = await goOn(blocks, spell === spells ? rounds : 0);
    if (faults.length > 0) struck.heals++;
  }
  return {
    ...measurements.result(),
    seed,
    violations: measurements.violations,
    live: live && !isBroken(),
    faults: struck,
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
