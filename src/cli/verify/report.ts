import { segmentDigest } from '../../codec/segment-digest.ts';
import type { SegmentFinding } from '../../learning/types.ts';
import { toHex } from '../../primitives/bytes.ts';
import { type Address, checksumAddress } from '../../primitives/keys.ts';
import { count, table } from '../text.ts';
import type { ProofJudgement, Rightness, SegmentJudgement, Statement } from './judgement.ts';
import type { Verification } from './verify.ts';

const DIGEST_CHARS = 8;
const SHORT_ADDRESS_CHARS = 8;

export function reportLines(verification: Verification): readonly string[] {
  const { round, height, proofs } = verification;
  return [
    `round ${round} of ${verification.network}`,
    `genesis ${verification.genesisHash}`,
    `settled by block ${height}, final by ${verification.signers} of ${verification.authorities} signatures; state, rewards and withdrawals follow from the rules`,
    `re-executed ${verification.executed} of ${count(verification.wanted, 'drawn segment')} on ${verification.backend}`,
    ...proofs.flatMap(proofLines),
    ...authorityLines(proofs),
  ];
}

function proofLines({ record, place, segments, right, why }: ProofJudgement): readonly string[] {
  const { proof, decision, outcome } = record;
  const authorities = authoritiesIn(segments);
  const header = ['segment', ...authorities.map(short), 'dispute', 'here'];
  const rows = segments.map(({ ref, own, statements, dispute }) => [
    String(ref.segment),
    ...authorities.map(
      (authority) =>
        statements
          .filter((each) => short(each.authority) === short(authority))
          .map(said)
          .join(', ') || '·',
    ),
    dispute === undefined ? '·' : `${dispute.reason}: ${dispute.verdict}`,
    found(own),
  ]);
  return [
    '',
    `proof ${place}  ${checksumAddress(proof.trainer)}  ${count(proof.segments, 'segment')}  ${outcome} (${decision ?? 'pending'})`,
    ...table([header, ...rows]).map((line) => `  ${line}`),
    `  the chain ${right === undefined ? 'decided on what was served' : right ? 'was right' : 'was WRONG'}: ${why}`,
  ];
}

/** Who was right, over all proofs. */
function authorityLines(proofs: readonly ProofJudgement[]): readonly string[] {
  const statements = proofs.flatMap(({ segments }) => segments.flatMap((each) => each.statements));
  const authorities = authoritiesIn(proofs.flatMap(({ segments }) => segments));
  if (authorities.length === 0) return [];
  const rows = authorities.map((authority) => {
    const own = statements.filter((each) => short(each.authority) === short(authority) && each.right !== undefined);
    const right = own.filter((each) => each.right === true).length;
    return [`authority ${short(authority)}`, `${right} of ${own.length} statements right`, right === own.length ? '' : 'WRONG'];
  });
  return ['', ...table(rows)];
}

function authoritiesIn(segments: readonly SegmentJudgement[]): readonly Address[] {
  const all = segments.flatMap(({ statements }) => statements.map(({ authority }) => authority));
  return [...new Map(all.map((address) => [toHex(address), address])).values()].sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1));
}

const short = (address: Address): string => toHex(address).slice(0, 2 + SHORT_ADDRESS_CHARS);
const mark = (right: Rightness): string => (right === undefined ? '' : right ? ' ✓' : ' ✗');
const said = (statement: Statement): string => `${statement.kind === 'ruling' ? 'ruled ' : ''}${statement.said}${mark(statement.right)}`;

function found(own: SegmentFinding): string {
  if (own.result === 'held') return `ok ${toHex(segmentDigest(own.stepDigests)).slice(2, 2 + DIGEST_CHARS)}`;
  return own.result === 'fraud' ? `fraud (${own.fault})` : 'not served any more';
}

export function reportJson(verification: Verification) {
  return {
    round: verification.round,
    network: verification.network,
    genesis_hash: verification.genesisHash,
    settled_at_height: verification.height,
    signatures: verification.signers,
    authorities: verification.authorities,
    backend: verification.backend,
    segments_wanted: verification.wanted,
    segments_executed: verification.executed,
    proofs: verification.proofs.map(({ record, place, segments, right, why }) => ({
      proof: place,
      trainer: checksumAddress(record.proof.trainer),
      outcome: record.outcome,
      decision: record.decision ?? null,
      right: right ?? null,
      why,
      segments: segments.map(({ ref, own, statements, dispute }) => ({
        segment: ref.segment,
        here: own.result,
        fault: own.result === 'fraud' ? own.fault : null,
        digest: own.result === 'held' ? toHex(segmentDigest(own.stepDigests)) : null,
        dispute: dispute === undefined ? null : { reason: dispute.reason, verdict: dispute.verdict },
        statements: statements.map((each) => ({
          authority: checksumAddress(each.authority),
          kind: each.kind,
          said: each.said,
          right: each.right ?? null,
        })),
      })),
    })),
  };
}
