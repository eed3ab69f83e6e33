import { roleOfKind } from './adversary-kinds.ts';
import { HONEST_TRAINER } from './measurements.ts';
import { RULES, type Rule } from './safety.ts';
import type { SimulationSpec } from './spec.ts';
import { finalityQuantile, type Tally } from './tally.ts';

/** A share measured over `of` trials; `error` is one standard deviation of what chance does to it. */
export interface Rate {
  readonly value: number;
  readonly error: number;
  readonly of: number;
}

export interface ProofRow {
  readonly kind: string;
  readonly accepted: number;
  readonly rejected: number;
  /** Neither, by the reason (protocol/types.ts, Decision). */
  readonly void: Readonly<Record<string, number>>;
  /** Rejected of the decided. */
  readonly found: Rate | undefined;
  /** What the formula expects for the same proofs (formula.ts); undefined where it does not apply to all of them, as to copied ones. */
  readonly expected: Rate | undefined;
}

export interface NodeRow {
  readonly kind: string;
  readonly nodes: number;
  /** Each a round and node. */
  readonly coins: number;
  /** Stake taken. */
  readonly slashed: number;
  readonly segmentsTrained: number;
  readonly segmentsChecked: number;
  /** Coins and finders' shares less what was slashed and the price of the segments executed; undefined without an honest trainer to set the price. */
  readonly profit: number | undefined;
}

export interface SimulationReport {
  readonly spec: SimulationSpec;
  readonly seeds: { readonly first: number; readonly last: number };
  readonly runs: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly runsPerSecond: number;
  readonly virtualSeconds: number;
  readonly events: number;
  /** Of a single run: equal for equal runs, to the last message. */
  readonly trace: string | undefined;
  /** Fewer than a third of the authorities are faulty, so that nothing may go wrong. */
  readonly tolerable: boolean;
  readonly trouble: { readonly crashes: number; readonly partitions: number; readonly heals: number };
  readonly safety: {
    /** Violations by rule (safety.ts). */
    readonly broken: Readonly<Record<Rule, number>>;
    readonly runsWithViolations: number;
    readonly violations: Tally['violations'];
    readonly stalled: readonly string[];
    /** Double signatures seen by honest nodes. */
    readonly evidence: number;
    /** Honest authorities' votes, and those of them that were not paid. */
    readonly honestVotes: number;
    readonly honestVotesUnpaid: number;
  };
  /** Milliseconds; undefined when no block was measured. */
  readonly finality: { readonly median: number; readonly p95: number; readonly slowest: number } | undefined;
  /** Share of the time in which honest trainers trained. */
  readonly utilisation: number | undefined;
  /** Coins that executing one segment costs. */
  readonly segmentPrice: number | undefined;
  readonly proofs: readonly ProofRow[];
  readonly nodes: readonly NodeRow[];
  /** Rate of detection by number of forged segments. */
  readonly curve: readonly { readonly segments: number; readonly forged: number; readonly found: Rate; readonly expected: Rate }[];
  /** Share of all places in rosters. */
  readonly seats: Readonly<Record<string, number>>;
  /** What adversaries counted, in all runs together. */
  readonly notes: Readonly<Record<string, number>>;
}

export function createReport(
  tally: Tally,
  options: {
    readonly spec: SimulationSpec;
    readonly seeds: { readonly first: number; readonly last: number };
    /** Of a segment, as a share of an honest trainer's pay for one. */
    readonly segmentPrice: number;
    readonly seconds: number;
  },
): SimulationReport {
  const { spec, seeds, seconds } = options;
  const honest = tally.nodes.get(HONEST_TRAINER);
  const segmentPrice =
    honest === undefined || honest.segmentsTrained === 0 ? undefined : (options.segmentPrice * honest.earned) / honest.segmentsTrained;
  const tolerable =
    spec.type === 'survival' || 3 * spec.adversaries.filter((kind) => roleOfKind(kind) === 'authority').length < spec.authorities;
  const seatTotal = [...tally.seats.values()].reduce((sum, each) => sum + each, 0);
  return {
    spec,
    seeds,
    runs: tally.runs,
    rounds: tally.rounds,
    seconds,
    runsPerSecond: tally.runs / seconds,
    virtualSeconds: tally.virtualMs / 1_000,
    events: tally.events,
    trace: tally.runs === 1 ? tally.trace : undefined,
    tolerable,
    trouble: { crashes: tally.crashes, partitions: tally.partitions, heals: tally.heals },
    safety: {
      broken: Object.fromEntries(Object.keys(RULES).map((rule) => [rule, tally.broken.get(rule as Rule) ?? 0])) as Record<Rule, number>,
      runsWithViolations: tally.runsWithViolations,
      violations: tally.violations,
      stalled: tally.stalled,
      evidence: tally.evidence,
      honestVotes: tally.honestVotes,
      honestVotesUnpaid: tally.honestVotesUnpaid,
    },
    finality: finalityOf(tally),
    utilisation: honest === undefined || honest.trainableMs === 0 ? undefined : honest.trainingMs / honest.trainableMs,
    segmentPrice,
    proofs: [...tally.proofs].map(([kind, proofs]): ProofRow => {
      const decided = proofs.accepted + proofs.rejected;
      return {
        kind,
        accepted: proofs.accepted,
        rejected: proofs.rejected,
        void: Object.fromEntries(proofs.void),
        found: decided === 0 ? undefined : rateOf(proofs.rejected, decided),
        expected:
          proofs.known === 0 || proofs.known < decided
            ? undefined
            : { value: proofs.expectedRejected / proofs.known, error: Math.sqrt(proofs.variance) / proofs.known, of: proofs.known },
      };
    }),
    nodes: [...tally.nodes].map(([kind, node]): NodeRow => {
      const each = (total: number) => (node.rounds === 0 ? 0 : total / node.rounds);
      const work = node.segmentsTrained + node.segmentsChecked;
      return {
        kind,
        nodes: node.nodes / tally.runs,
        coins: each(node.earned),
        slashed: each(node.slashed),
        segmentsTrained: each(node.segmentsTrained),
        segmentsChecked: each(node.segmentsChecked),
        profit: segmentPrice === undefined ? undefined : each(node.gained - work * segmentPrice),
      };
    }),
    curve: [...tally.points.values()]
      .sort((a, b) => a.segments - b.segments || a.forged - b.forged)
      .map(({ segments, forged, decided, rejected, expectedRejected, variance }) => ({
        segments,
        forged,
        found: rateOf(rejected, decided),
        expected: { value: expectedRejected / decided, error: Math.sqrt(variance) / decided, of: decided },
      })),
    seats: Object.fromEntries([...tally.seats].map(([kind, seats]) => [kind, seats / seatTotal])),
    notes: Object.fromEntries(tally.notes),
  };
}

function finalityOf(tally: Tally): SimulationReport['finality'] {
  const [median, p95, slowest] = [0.5, 0.95, 1].map((share) => finalityQuantile(tally, share));
  return median === undefined || p95 === undefined || slowest === undefined ? undefined : { median, p95, slowest };
}

function rateOf(hits: number, of: number): Rate {
  const value = hits / of;
  return { value, error: Math.sqrt((value * (1 - value)) / of), of };
}
