import { passProbabilityWithLast } from './formula.ts';
import type { NodeAccount, ProofOutcome } from './measurements.ts';
import type { RunResult } from './scenario.ts';

/** Proofs of one kind of trainer over many runs. */
export interface ProofTally {
  accepted: number;
  rejected: number;
  /** Neither: too few authorities voted or agreed. */
  void: number;
  /** Coins (POL) paid for them. */
  reward: number;
  /** Of the decided proofs whose forged segments are known: how many, rejected ones, and what the formula expects, with its variance. */
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
}

/** Nodes of one kind over many runs. */
export interface NodeTally {
  nodes: number;
  /** Rounds settled, once for each node. */
  rounds: number;
  earned: number;
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
  readonly violations: { readonly seed: string; readonly violation: string }[];
  runsWithViolations: number;
  forks: number;
  honestRejected: number;
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
}

const MOST_VIOLATIONS = 20;
const FINALITY_STEP_MS = 10;

export function createTally(): Tally {
  return {
    runs: 0,
    rounds: 0,
    violations: [],
    runsWithViolations: 0,
    forks: 0,
    honestRejected: 0,
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
  };
}

/** @param challenges segments checked for each proof, as in the scenario */
export function addRun(tally: Tally, run: RunResult, challenges: number): void {
  tally.runs++;
  tally.rounds += run.rounds;
  tally.virtualMs += run.elapsedMs;
  tally.events += run.eventsRun;
  tally.evidence += run.evidence;
  tally.honestVotes += run.votes.honest;
  tally.honestVotesUnpaid += run.votes.honestUnpaid;
  if (run.violations.length > 0) tally.runsWithViolations++;
  tally.forks += run.violations.filter((violation) => violation.includes('two final blocks')).length;
  for (const violation of run.violations) {
    if (tally.violations.length < MOST_VIOLATIONS) tally.violations.push({ seed: run.seed, violation });
  }
  if (!run.live) tally.stalled.push(run.seed);
  for (const proof of run.proofs) addProof(tally, proof, challenges);
  for (const node of run.nodes) addNode(tally, node, run);
  for (const ms of run.finalityMs) count(tally.finality, Math.floor(ms / FINALITY_STEP_MS), 1);
  for (const [kind, seats] of Object.entries(run.seats)) count(tally.seats, kind, seats);
  for (const [name, amount] of Object.entries(run.notes)) count(tally.notes, name, amount);
}

function addProof(tally: Tally, proof: ProofOutcome, challenges: number): void {
  const { kind, segments, forged, isLastForged, outcome, reward } = proof;
  const entry = of(tally.proofs, kind, () => ({
    accepted: 0,
    rejected: 0,
    void: 0,
    reward: 0,
    known: 0,
    knownRejected: 0,
    expectedRejected: 0,
    variance: 0,
  }));
  entry.reward += reward;
  if (outcome === 'pending') return;
  entry[outcome]++;
  if (forged === 0 && outcome === 'rejected') tally.honestRejected++;
  if (outcome === 'void' || forged === undefined) return;
  const pass = passProbabilityWithLast(segments, forged, isLastForged, challenges);
  const wasRejected = outcome === 'rejected' ? 1 : 0;
  entry.known++;
  entry.knownRejected += wasRejected;
  entry.expectedRejected += 1 - pass;
  entry.variance += pass * (1 - pass);
  if (forged === 0) return;
  const point = of(tally.points, `${segments}/${forged}`, () => ({ segments, forged, decided: 0, rejected: 0, expectedRejected: 0 }));
  point.decided++;
  point.rejected += wasRejected;
  point.expectedRejected += 1 - pass;
}

function addNode(tally: Tally, node: NodeAccount, run: RunResult): void {
  const entry = of(tally.nodes, node.kind, () => ({
    nodes: 0,
    rounds: 0,
    earned: 0,
    segmentsTrained: 0,
    segmentsChecked: 0,
    trainingMs: 0,
    trainableMs: 0,
  }));
  entry.nodes++;
  entry.rounds += run.rounds;
  entry.earned += node.earned;
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
