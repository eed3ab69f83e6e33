import { headerHash } from '../codec/blocks.ts';
import type { FinalBlock } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { drawOf } from '../protocol/draw.ts';
import type { DisputeRecord, ProofRecord, ProtocolOutput, ProtocolState, SettledRound } from '../protocol/types.ts';
import { createAccounts } from './accounts.ts';
import { escapeOf } from './formula.ts';
import type { LearningMeter, RoundRecord } from './learning/simulated-learning.ts';
import type { NodeObserver } from './network-node.ts';
import { createSafetyObserver, type Violation } from './safety.ts';

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
  /** Probability, before the draw, that these escape it; undefined where the formula does not apply: an honest voter had no time for all. */
  readonly escapeChance: number | undefined;
  readonly outcome: ProofRecord['outcome'];
  readonly decision: ProofRecord['decision'];
}

/** What one node did and got, all its addresses together. Coins in POL. */
export interface NodeAccount {
  readonly kind: string;
  /** Rewards, paid out or locked. */
  readonly earned: number;
  /** Stake taken. */
  readonly slashed: number;
  /** By how much its balance and stake grew: rewards and finders' shares, less what was slashed. */
  readonly gained: number;
  readonly segmentsTrained: number;
  readonly segmentsChecked: number;
  readonly trainingMs: number;
}

export interface RunMeasurements {
  readonly proofs: readonly ProofOutcome[];
  readonly nodes: readonly NodeAccount[];
  /** Milliseconds from a block's first proposal to its being final on an honest node, one for each block and node. */
  readonly finalityMs: readonly number[];
  /** Settled rounds that had proofs. */
  readonly rounds: number;
  /** Virtual time in which trainers could have trained. */
  readonly trainableMs: number;
  /** Double signatures that honest nodes saw. */
  readonly evidence: number;
  /** Votes of honest authorities on proofs, and those of them that were not paid in a round that paid. */
  readonly votes: { readonly honest: number; readonly honestUnpaid: number };
  /** Places in the rosters of all rounds, by the kind of the node behind the address. */
  readonly seats: Readonly<Record<string, number>>;
  /** What adversaries counted. */
  readonly notes: Readonly<Record<string, number>>;
}

export interface Measurements extends NodeObserver {
  meter(node: number): LearningMeter;
  readonly violations: readonly Violation[];
  /** Numbers of the settled rounds that had proofs. */
  readonly settledRounds: readonly number[];
  result(): RunMeasurements;
}

const HONEST = new Set([HONEST_AUTHORITY, HONEST_TRAINER, FOLLOWER]);

/** @param options.kinds of each node by index, @param options.initial state before the first block */
export function createMeasurements(
  options: { readonly kinds: readonly string[]; readonly initial: ProtocolState },
  { now }: { readonly now: () => number },
): Measurements {
  const { kinds, initial } = options;
  const safety = createSafetyObserver();
  const ownerOf = new Map<string, number>();
  const accounts = createAccounts(initial, (address) => ownerOf.get(toHex(address)));
  const meters = new Map<number, LearningMeter>();
  const behind = new Map<string, RoundRecord>();
  const proposedAt = new Map<string, number>();
  const finalityMs: number[] = [];
  const proofs: ProofOutcome[] = [];
  const notes: Record<string, number> = {};
  const seats: Record<string, number> = {};
  const votes = { honest: 0, honestUnpaid: 0 };
  let evidence = 0;
  const settledRounds: number[] = [];
  let trainingSince: number | undefined;
  /** The newest state that any node came to: each height is measured once. */
  let newest = initial;

  const kindOf = (address: Uint8Array) => kinds[ownerOf.get(toHex(address)) ?? -1] ?? 'nobody';
  const isHonest = (address: Uint8Array) => HONEST.has(kindOf(address));

  function measure({ state, settled, withdrawals }: ProtocolOutput): void {
    for (const { address, reason } of accounts.follow(state, withdrawals, settled)) {
      if (isHonest(address)) safety.report('slashed', `height ${state.height}: an ${kindOf(address)} was slashed for ${reason}`);
    }
    if (settled !== undefined) measureRound(settled, newest);
    if (state.height === state.open.openedAt)
      for (const trainer of state.open.roster) seats[kindOf(trainer)] = (seats[kindOf(trainer)] ?? 0) + 1;
    if (trainingSince === undefined && state.open.roster.length > 0) trainingSince = now();
    newest = state;
  }

  /** @param before the state that was settled */
  function measureRound(round: SettledRound, before: ProtocolState): void {
    if (round.proofs.length === 0) return;
    settledRounds.push(round.round);
    round.proofs.forEach((record, at) => void proofs.push(outcomeOf(record, at, round, before)));
    for (const { authority } of round.votes.filter((vote) => kindOf(vote.authority) === HONEST_AUTHORITY)) {
      votes.honest++;
      const paid = round.authorityRewards.find((each) => toHex(each.authority) === toHex(authority))?.wei ?? 0n;
      if (round.authorityReward > 0n && paid === 0n) votes.honestUnpaid++;
    }
  }

  function outcomeOf({ proof, outcome, decision }: ProofRecord, at: number, round: SettledRound, before: ProtocolState): ProofOutcome {
    const kind = kindOf(proof.trainer);
    const { segments } = proof;
    const record = behind.get(toHex(proof.leavesRoot));
    if (record === undefined || record.round !== proof.round || toHex(record.trainer) !== toHex(proof.trainer)) {
      return { kind, segments, forged: undefined, escapeChance: undefined, outcome, decision };
    }
    const forged = record.works.flatMap((work, segment) => (work === 'honest' ? [] : [segment]));
    const own = round.disputes.filter((dispute) => dispute.proof === at);
    watch(`round ${proof.round}: a ${kind}'s proof`, { segments, forged, outcome }, own);
    return { kind, segments, forged: forged.length, escapeChance: escapeChance(at, forged, round, before), outcome, decision };
  }

  /** What may not come of a proof when fewer than a third of the authorities are faulty. */
  function watch(
    whose: string,
    { segments, forged, outcome }: { segments: number; forged: readonly number[]; outcome: ProofRecord['outcome'] },
    disputes: readonly DisputeRecord[],
  ): void {
    for (const { segment, verdict } of disputes) {
      const isForged = forged.includes(segment);
      if (verdict === 'fraud' && !isForged) safety.report('ruling', `${whose}: segment ${segment} was ruled fraud, and is right`);
      if (verdict === 'held' && isForged) safety.report('ruling', `${whose}: segment ${segment} was ruled right, and is forged`);
    }
    // Two authorities are dealt the last segment of every proof.
    if (outcome === 'accepted' && forged.includes(segments - 1))
      safety.report('forged', `${whose} was accepted with its last segment forged`);
    if (outcome === 'rejected' && forged.length === 0) safety.report('rejected', `${whose} was rejected, and is right`);
  }

  function escapeChance(at: number, forged: readonly number[], { votes: cast }: SettledRound, before: ProtocolState): number | undefined {
    const draw = drawOf(before);
    if (before.sealed === undefined || draw === undefined) return undefined;
    const voters = cast.filter(({ authority }) => isHonest(authority));
    const isComplete = voters.every(({ findings }) => findings.every(({ kind }) => kind === 'ok' || kind === 'fraud'));
    return isComplete ? escapeOf(before.sealed, draw, at, forged, voters) : undefined;
  }

  function noteFinality({ block }: FinalBlock, node: number): void {
    const at = proposedAt.get(toHex(headerHash(block.header)));
    if (at !== undefined && kinds[node] === HONEST_AUTHORITY) finalityMs.push(now() - at);
  }

  return {
    violations: safety.violations,
    settledRounds,
    onBoot: safety.onBoot,
    onCommit(node, final, output) {
      safety.onCommit(node, final);
      noteFinality(final, node);
      if (output.state.height === newest.height + 1) measure(output);
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
      if (HONEST.has(kinds[node] ?? '')) safety.report('stopped', `node ${node} stopped: ${error.message}`);
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
    result() {
      const nodes = kinds.map((kind, node): NodeAccount => {
        const { segmentsTrained = 0, segmentsChecked = 0, trainingMs = 0 } = meters.get(node) ?? {};
        return { kind, ...accounts.of(node), segmentsTrained, segmentsChecked, trainingMs };
      });
      const trainableMs = trainingSince === undefined ? 0 : now() - trainingSince;
      return { proofs, nodes, finalityMs, rounds: settledRounds.length, trainableMs, evidence, votes, seats, notes };
    },
  };
}
