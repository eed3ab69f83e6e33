import { MAX_FINDINGS } from '../codec/limits.ts';
import { hasQuorum } from '../codec/quorum.ts';
import type { ProtocolContext } from './context.ts';
import type { Draw } from './draw.ts';
import { MIN_CHECKS } from './limits.ts';
import { findByAddress } from './sorted.ts';
import { deadlinesOf } from './timeline.ts';
import type { ProtocolState, SealedRound } from './types.ts';

/** A commitment within this part of the checking window shows that there was time for more. */
const EARLY_PERCENT = 60;

/**
 * Drawn positions for each authority in the next sealed round: additive-increase, multiplicative-decrease on what the chain shows of
 * their load, as TCP does on what packets show (Chiu and Jain, 1989).
 *
 * 1. More than a third of all authorities had a seat and left something unchecked, or did not vote: half. Fewer than a third
 *    faulty cannot bring that about.
 * 2. A quorum committed early and left nothing unchecked, and not every segment was covered: a quarter more, at least one.
 * 3. Otherwise, and when nothing was to be checked, the same.
 */
export function nextChecks(state: ProtocolState, sealed: SealedRound, draw: Draw | undefined, { genesis }: ProtocolContext): number {
  const current = state.checksPerAuthority;
  if (draw === undefined || draw.segments.length === 0) return current;
  const authorities = state.authorities.length;
  const { reveals, commits } = deadlinesOf(state, sealed.sealedAt, genesis);
  const early = reveals + Math.floor(((commits - reveals) * EARLY_PERCENT) / 100);

  const isComplete = (findings: SealedRound['votes'][number]['findings']) => findings.every(({ kind }) => kind !== 'unchecked');
  const complete = sealed.votes.filter((vote) => vote.findings.length > 0 && isComplete(vote.findings));
  const overloaded = draw.dealt.size - complete.length;
  if (3 * overloaded > authorities) return Math.max(MIN_CHECKS, Math.floor(current / 2));

  const quick = complete.filter(({ authority }) => {
    const commit = findByAddress(sealed.commits, authority, (each) => each.authority);
    return commit !== undefined && commit.height <= early;
  });
  const others = draw.segments.length - draw.obligatory.length;
  const isCovered = draw.checks * draw.dealt.size >= others;
  if (isCovered || !hasQuorum(quick.length, authorities)) return current;
  return Math.min(MAX_FINDINGS, current + Math.max(1, Math.floor(current / 4)));
}
