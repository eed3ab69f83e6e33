import type { NodeView } from '../chain/view.ts';
import { operationAuthor } from '../codec/operations.ts';
import { toHex } from '../primitives/bytes.ts';
import { checksumAddress } from '../primitives/keys.ts';
import { formatPol } from '../primitives/units.ts';
import { FULL_REPUTATION } from '../protocol/reputation.ts';
import type { AuthorityRecord, ProofRecord, SettledRound, TrainerRecord } from '../protocol/types.ts';

/** What trainers and authorities have in common. Wei amounts are decimal text: they do not fit a JSON number. */
export function authorityJson(record: Pick<AuthorityRecord, 'address' | 'reputation' | 'earned'>) {
  return {
    address: checksumAddress(record.address),
    reputation: record.reputation / FULL_REPUTATION,
    earned: record.earned.toString(),
    earned_pol: formatPol(record.earned),
  };
}

export function trainerJson(record: TrainerRecord) {
  return {
    ...authorityJson(record),
    accepted: record.accepted,
    rejected: record.rejected,
    last_sealed_round: record.lastSealedRound,
  };
}

export function proofJson({ proof, outcome, decision, reward }: ProofRecord) {
  return {
    trainer: checksumAddress(proof.trainer),
    round: proof.round,
    segments: proof.segments,
    tokens: proof.tokens,
    loss: proof.loss,
    leaves_root: toHex(proof.leavesRoot),
    update_hash: toHex(proof.updateHash),
    update_bytes: proof.updateBytes,
    outcome,
    decision: decision ?? null,
    reward: reward.toString(),
  };
}

export function settledRoundJson(settled: SettledRound) {
  return {
    round: settled.round,
    settled_at_height: settled.height,
    challenge_seed: settled.challengeSeed === undefined ? null : toHex(settled.challengeSeed),
    authority_reward: settled.authorityReward.toString(),
    emission_factor: settled.emissionFactor / 1_000_000,
    proofs: settled.proofs.map(proofJson),
    disputes: settled.disputes.map(({ proof, segment, reason, verdict, digest, divergences }) => ({
      proof,
      segment,
      reason,
      verdict,
      digest: digest === undefined ? null : toHex(digest),
      divergences: divergences.map(({ authority, step }) => ({ authority: checksumAddress(authority), step })),
    })),
    slashes: settled.slashes.map(({ address, reason, wei, rewarded }) => ({
      address: checksumAddress(address),
      reason,
      wei: wei.toString(),
      rewarded: rewarded.toString(),
    })),
    authority_rewards: settled.authorityRewards.map(({ authority, wei }) => ({
      authority: checksumAddress(authority),
      wei: wei.toString(),
    })),
    votes: settled.votes.map((vote) => ({
      authority: checksumAddress(vote.authority),
      findings: vote.findings.map((finding) => (finding.kind === 'ok' ? { kind: finding.kind, digest: toHex(finding.digest) } : finding)),
      held_out_loss: vote.heldOutLoss,
      held_out_accuracy: vote.heldOutAccuracy,
    })),
  };
}

/** Fields that several answers share. */
export function positionJson(view: NodeView) {
  const state = view.chain.state();
  return { height: view.chain.head().height, round: state.open.number, model_root: toHex(state.modelRoot) };
}

/** The consensus side of a block; undefined for the genesis and for heights to come. */
export function consensusBlockJson(view: NodeView, height: number) {
  const block = view.chain.block(height);
  if (block === undefined) return undefined;
  const { header, certificate, operations, modelRoot } = block;
  return {
    height,
    hash: toHex(block.hash),
    parent_hash: toHex(header.parentHash),
    proposer: checksumAddress(header.proposer),
    timestamp: header.timestamp,
    execution_hash: toHex(header.executionHash),
    protocol_root: toHex(header.protocolRoot),
    model_root: toHex(modelRoot),
    operations: operations.map(({ operation }) => ({
      type: operation.type,
      by: checksumAddress(operationAuthor(operation)),
      round: operation.round,
    })),
    certificate: {
      round: certificate.round,
      signers: certificate.signatures.map(({ authority }) => checksumAddress(authority)),
    },
  };
}
