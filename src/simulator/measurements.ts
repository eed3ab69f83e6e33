import { headerHash } from '../codec/blocks.ts';
import type { FinalBlock } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import type { ProofRecord, ProtocolState, SettledRound } from '../protocol/types.ts';
import type { LearningMeter, RoundRecord } from './learning/simulated-learning.ts';
import type { NodeObserver } from './network-node.ts';
import { createSafetyObserver } from './safety.ts';

export const HONEST_AUTHORITY = 'honest authority';
export const HONEST_TRAINER = 'honest trainer';
export const FOLLOWER = 'follower';

/** One settled proof, with what only the simulator knows of it. */
export interface ProofOutcome {
  /** Kind of the node behind the address. */
  readonly kind: string;
  readonly segments: number;
  /** Segments not done as assigned; undefined for a proof that its author did not train, such as a copied one. */
  readonly forged: number | undefined;
  readonly isLastForged: boolean;
  readonly outcome: ProofRecord['outcome'];
  /** Coins (POL). */
  readonly reward: number;
}

/** What one node did and got, all its addresses together. */
export interface NodeAccount {
  readonly kind: string;
  /** Coins (POL). */
  readonly earned: number;
  readonly segmentsTrained: number;
  readonly segmentsChecked: number;
  readonly trainingMs: number;
}

export interface RunMeasurements {
  readonly proofs: readonly ProofOutcome[];
  readonly nodes: readonly NodeAccount[];
  /** Milliseconds from a block's first proposal to its being final on an honest node, one for each block and node. */
  readonly finalityMs: readonly number[];
  /** Rounds settled. */
  readonly rounds: number;
  /** Virtual time in which trainers could have trained. */
  readonly trainableMs: number;
  /** Double signatures that honest nodes saw. */
  readonly evidence: number;
  /** Authorities' votes against what was decided: by honest ones, who lose their pay, and in all. */
  readonly votes: { readonly honest: number; readonly honestUnpaid: number };
  /** Places in the rosters of all rounds, by the kind of the node behind the address. */
  readonly seats: Readonly<Record<string, number>>;
  /** What adversaries counted. */
  readonly notes: Readonly<Record<string, number>>;
}

export interface Measurements extends NodeObserver {
  meter(node: number): LearningMeter;
  readonly violations: readonly string[];
  /** @param states of the honest nodes */
  result(states: readonly ProtocolState[]): RunMeasurements;
}

const HONEST = new Set([HONEST_AUTHORITY, HONEST_TRAINER, FOLLOWER]);
const POL_IN_GWEI = 1e9;
const inPol = (wei: bigint): number => Number(wei / WEI_PER_GWEI) / POL_IN_GWEI;

/** @param options.kinds of each node by index */
export function createMeasurements(options: { readonly kinds: readonly string[] }, { now }: { readonly now: () => number }): Measurements {
  const { kinds } = options;
  const safety = createSafetyObserver();
  const ownerOf = new Map<string, number>();
  const meters = new Map<number, LearningMeter>();
  const behind = new Map<string, RoundRecord>();
  const proposedAt = new Map<string, number>();
  const settled = new Map<number, SettledRound>();
  const finalityMs: number[] = [];
  const proofs: ProofOutcome[] = [];
  const notes: Record<string, number> = {};
  const seats: Record<string, number> = {};
  const seated = new Set<number>();
  const earnedBefore = new Map<string, bigint>();
  const votes = { honest: 0, honestUnpaid: 0 };
  let evidence = 0;
  let trainingSince: number | undefined;

  const kindOf = (address: Uint8Array) => kinds[ownerOf.get(toHex(address)) ?? -1] ?? 'nobody';

  function settle(round: SettledRound, state: ProtocolState): void {
    if (settled.has(round.round)) return;
    settled.set(round.round, round);
    for (const { address, reason } of round.slashes) {
      if (HONEST.has(kindOf(address))) safety.report(`round ${round.round}: an ${kindOf(address)} was slashed for ${reason}`);
    }
    round.proofs.forEach((record, at) => void proofs.push(judged(record, at, round)));
    if (round.proofs.length === 0) return;
    for (const vote of round.votes) {
      if (kindOf(vote.authority) !== HONEST_AUTHORITY) continue;
      votes.honest++;
      const paid = state.authorities.find(({ address }) => toHex(address) === toHex(vote.authority))?.earned;
      const before = earnedBefore.get(toHex(vote.authority)) ?? 0n;
      if (round.authorityReward > 0n && paid === before) votes.honestUnpaid++;
      earnedBefore.set(toHex(vote.authority), paid ?? before);
    }
  }

  function judged({ proof, outcome, reward }: ProofRecord, at: number, { disputes }: SettledRound): ProofOutcome {
    const kind = kindOf(proof.trainer);
    const record = behind.get(toHex(proof.leavesRoot));
    const own = record !== undefined && toHex(record.trainer) === toHex(proof.trainer) && record.round === proof.round ? record : undefined;
    const isForged = (segment: number) => own?.works[segment] !== 'honest';
    if (own !== undefined) {
      for (const { segment, verdict } of disputes.filter((dispute) => dispute.proof === at)) {
        if (verdict === 'fraud' && !isForged(segment))
          safety.report(`round ${proof.round}: segment ${segment} of a ${kind} was ruled fraud, and is right`);
        if (verdict === 'held' && isForged(segment))
          safety.report(`round ${proof.round}: segment ${segment} of a ${kind} was ruled right, and is forged`);
      }
      // Two authorities are dealt the last segment of every proof.
      if (outcome === 'accepted' && isForged(proof.segments - 1))
        safety.report(`round ${proof.round}: a ${kind}'s proof was accepted with its last segment forged`);
      if (outcome === 'rejected' && !own.works.some((work) => work !== 'honest'))
        safety.report(`round ${proof.round}: a ${kind}'s right proof was rejected`);
    }
    return {
      kind,
      segments: proof.segments,
      forged: own?.works.filter((work) => work !== 'honest').length,
      isLastForged: own !== undefined && isForged(proof.segments - 1),
      outcome,
      reward: inPol(reward),
    };
  }

  function noteFinality({ block }: FinalBlock, node: number): void {
    const at = proposedAt.get(toHex(headerHash(block.header)));
    if (at !== undefined && kinds[node] === HONEST_AUTHORITY) finalityMs.push(now() - at);
  }

  return {
    violations: safety.violations,
    onBoot: safety.onBoot,
    onCommit(node, final, { state, settled: round }) {
      safety.onCommit(node, final);
      noteFinality(final, node);
      if (round !== undefined) settle(round, state);
      if (state.height === state.open.openedAt && !seated.has(state.open.number)) {
        seated.add(state.open.number);
        for (const trainer of state.open.roster) seats[kindOf(trainer)] = (seats[kindOf(trainer)] ?? 0) + 1;
      }
      if (trainingSince === undefined && state.open.roster.length > 0) trainingSince = now();
    },
    onSpoken(_, message) {
      safety.onSpoken(message);
      if (message.kind !== 'proposal') return;
      const name = toHex(headerHash(message.proposal.block.header));
      if (!proposedAt.has(name)) proposedAt.set(name, now());
    },
    onEvidence() {
      evidence++;
    },
    onFailure(node, error) {
      if (HONEST.has(kinds[node] ?? '')) safety.report(`node ${node} stopped: ${error.message}`);
    },
    onAddress: (node, address) => void ownerOf.set(toHex(address), node),
    note(node, what, amount) {
      const name = `${kinds[node]}: ${what}`;
      notes[name] = (notes[name] ?? 0) + amount;
    },
    meter(node) {
      const meter: LearningMeter = {
        trainingMs: 0,
        checkingMs: 0,
        segmentsTrained: 0,
        segmentsChecked: 0,
        onProof: (record) => void behind.set(toHex(record.proof.leavesRoot), record),
      };
      meters.set(node, meter);
      return meter;
    },
    result(states) {
      const last = states.reduce<ProtocolState | undefined>((a, b) => (a === undefined || b.height > a.height ? b : a), undefined);
      const earned = new Map<number, bigint>();
      for (const record of [...(last?.trainers ?? []), ...(last?.authorities ?? [])]) {
        const owner = ownerOf.get(toHex(record.address)) ?? -1;
        earned.set(owner, (earned.get(owner) ?? 0n) + record.earned);
      }
      const nodes = kinds.map((kind, node): NodeAccount => {
        const meter = meters.get(node);
        return {
          kind,
          earned: inPol(earned.get(node) ?? 0n),
          segmentsTrained: meter?.segmentsTrained ?? 0,
          segmentsChecked: meter?.segmentsChecked ?? 0,
          trainingMs: meter?.trainingMs ?? 0,
        };
      });
      const rounds = [...settled.values()].filter((round) => round.proofs.length > 0).length;
      const trainableMs = trainingSince === undefined ? 0 : now() - trainingSince;
      return { proofs, nodes, finalityMs, rounds, trainableMs, evidence, votes, seats, notes };
    },
  };
}
