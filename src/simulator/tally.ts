import type { NodeAccount, ProofOutcome } from './measurements.ts';
import type { Rule, Violation } from './safety.ts';
import type { RunResult } from './scenario.ts';

/** Proofs of one kind of trainer over many runs. */
export interface ProofTally {
  accepted: number;
  rejected: number;
  /** Neither, by what was decided. */
  readonly void: Map<string, number>;
  /** Of the decided proofs to which the formula applies: how many, rejected ones, and what it expects, with its variance. */
  known: number;
  knownRejected: number;
  expectedRejected: number;
  variance: number;
}

/** Decided proofs with one number of segments, forged ones among them: a point of the curve. */
export interface DetectionPoint {
  readonly segments: number;
  readonly forged: number;
  decided: number;
  rejected: number;
  expectedRejected: number;
  variance: number;
}

/** Nodes of one kind over many runs. */
export interface NodeTally {
  nodes: number;
  /** Rounds settled, once for each node. */
  rounds: number;
  earned: number;
  slashed: number;
  gained: number;
  segmentsTrained: number;
  segmentsChecked: number;
  trainingMs: number;
  trainableMs: number;
}

/** What many runs came to. Grows by one run at a time; plain data. */
export interface Tally {
  runs: number;
  rounds: number;
  /** The first few runs that broke a rule. */
  readonly violations: { readonly seed: string; readonly violation: Violation }[];
  runsWithViolations: number;
  /** Violations by rule. */
  readonly broken: Map<Rule, number>;
  crashes: number;
  partitions: number;
  heals: number;
  /** Runs that did not reach what was wanted in time. */
  stalled: string[];
  readonly proofs: Map<string, ProofTally>;
  readonly points: Map<string, DetectionPoint>;
  readonly nodes: Map<string, NodeTally>;
  /** Blocks by time to finality in steps of FINALITY_STEP_MS. */
  readonly finality: Map<number, number>;
  evidence: number;
  honestVotes: number;
  honestVotesUnpaid: number;
  readonly seats: Map<string, number>;
  readonly notes: Map<string, number>;
  virtualMs: number;
  events: number;
  /** Of the last run: a hash over all its messages and faults. */
  trace: string;
}

const MOST_VIOLATIONS = 20;
const FINALITY_STEP_MS = 10;

export function createTally(): Tally {
  return {
    runs: 0,
    rounds: 0,
    violations: [],
    runsWithViolations: 0,
    broken: new Map(),
    crashes: 0,
    partitions: 0,
    heals: 0,
    stalled: [],
    proofs: new Map(),
    points: new Map(),
    nodes: new Map(),
    finality: new Map(),
    evidence: 0,
    honestVotes: 0,
    honestVotesUnpaid: 0,
    seats: new Map(),
    notes: new Map(),
    virtualMs: 0,
    events: 0,
    trace: '',
  };
}

export function addRun(tally: Tally, run: RunResult): void {
  tally.runs++;
  tally.rounds += run.rounds;
  tally.virtualMs += run.elapsedMs;
  tally.events += run.eventsRun;
  tally.trace = run.trace;
  tally.evidence += run.evidence;
  tally.honestVotes += run.votes.honest;
  tally.honestVotesUnpaid += run.votes.honestUnpaid;
  if (run.violations.length > 0) tally.runsWithViolations++;
  for (const violation of run.violations) {
    count(tally.broken, violation.rule, 1);
    if (tally.violations.length < MOST_VIOLATIONS) tally.violations.push({ seed: run.seed, violation });
  }
  if (!run.live && run.violations.length === 0) tally.stalled.push(run.seed);
  tally.crashes += run.faults.crashes;
  tally.partitions += run.faults.partitions;
  tally.heals += run.faults.heals;
  for (const proof of run.proofs) addProof(tally, proof);
  for (const node of run.nodes) addNode(tally, node, run);
  for (const ms of run.finalityMs) count(tally.finality, Math.floor(ms / FINALITY_STEP_MS), 1);
  for (const [kind, seats] of Object.entries(run.seats)) count(tally.seats, kind, seats);
  for (const [name, amount] of Object.entries(run.notes)) count(tally.notes, name, amount);
}

function addProof(tally: Tally, { kind, segments, forged, escapeChance, outcome, decision }: ProofOutcome): void {
  const entry = of(tally.proofs, kind, () => ({
    accepted: 0,
    rejected: 0,
    void: new Map(),
    known: 0,
    knownRejected: 0,
    expectedRejected: 0,
    variance: 0,
  }));
  if (outcome === 'pending') return;
  if (outcome === 'void') {
    count(entry.void, decision ?? outcome, 1);
    return;
  }
  entry[outcome]++;
  if (forged === undefined || escapeChance === undefined) return;
  const wasRejected = outcome === 'rejected' ? 1 : 0;
  const variance = escapeChance * (1 - escapeChance);
  entry.known++;
  entry.knownRejected += wasRejected;
  entry.expectedRejected += 1 - escapeChance;
  entry.variance += variance;
  if (forged === 0) return;
  const point = of(tally.points, `${segments}/${forged}`, () => ({
    segments,
    forged,
    decided: 0,
    rejected: 0,
    expectedRejected: 0,
    variance: 0,
  }));
  point.decided++;
  point.rejected += wasRejected;
  point.expectedRejected += 1 - escapeChance;
  point.variance += variance;
}

function addNode(tally: Tally, node: NodeAccount, run: RunResult): void {
  const entry = of(tally.nodes, node.kind, () => ({
    nodes: 0,
    rounds: 0,
    earned: 0,
    slashed: 0,
    gained: 0,
    segmentsTrained: 0,
    segmentsChecked: 0,
    trainingMs: 0,
    trainableMs: 0,
  }));
  entry.nodes++;
  entry.rounds += run.rounds;
  entry.earned += node.earned;
  entry.slashed += node.slashed;
  entry.gained += node.gained;
  entry.segmentsTrained += node.segmentsTrained;
  entry.segmentsChecked += node.segmentsChecked;
  entry.trainingMs += node.trainingMs;
  entry.trainableMs += run.trainableMs;
}

/** Milliseconds within which this share of the blocks was final; undefined when there were none. */
export function finalityQuantile({ finality }: Tally, share: number): number | undefined {
  const total = [...finality.values()].reduce((sum, each) => sum + each, 0);
  let seen = 0;
  for (const [step, blocks] of [...finality].sort(([a], [b]) => a - b)) {
    seen += blocks;
    if (seen >= share * total) return (step + 1) * FINALITY_STEP_MS;
  }
  return undefined;
}

function of<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function count<K>(map: Map<K, number>, key: K, amount: number): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}
