import type { Operation } from '../codec/types.ts';
import type { ProtocolContext } from './context.ts';
import { judgeAuthorityVote, judgeRenew } from './rules/authority-set.ts';
import { judgeEvidence, judgeExit } from './rules/stakes.ts';
import { later, type Standing, stale } from './rules/standing.ts';
import { judgeJoin, judgeProof, judgeWithdraw } from './rules/trainers.ts';
import { judgeCommit, judgeReveal, judgeRuling, judgeVote } from './rules/votes.ts';
import type { ProtocolState } from './types.ts';

/** Those that are no less true a block later. */
const PATIENT: ReadonlySet<Operation['type']> = new Set(['join', 'exit', 'evidence', 'authority_vote', 'renew']);

/**
 * Judges an operation for the block after `state`, everything but its author's signature (`verifySignedOperation`, which costs
 * more than nearly all of this and is the same in every state). Blocks are applied by the same rules. Never throws on what
 * the codec can decode.
 */
export function validateOperation(state: ProtocolState, operation: Operation, context: ProtocolContext): Standing {
  const standing = judge(state, operation, context);
  // A boundary block carries no operations: what it settles and seals is then fixed by the state before it.
  if (standing.kind !== 'valid' || state.height + 1 !== state.open.sealsAt) return standing;
  const message = `the next block is the boundary of round ${state.open.number} and carries no operations`;
  return PATIENT.has(operation.type) ? later('boundary_next', message) : stale('boundary_next', message);
}

function judge(state: ProtocolState, operation: Operation, context: ProtocolContext): Standing {
  switch (operation.type) {
    case 'join':
      return judgeJoin(state, operation, context);
    case 'proof':
      return judgeProof(state, operation, context);
    case 'withdraw':
      return judgeWithdraw(state, operation);
    case 'reveal':
      return judgeReveal(state, operation, context);
    case 'commit':
      return judgeCommit(state, operation, context);
    case 'vote':
      return judgeVote(state, operation, context);
    case 'ruling':
      return judgeRuling(state, operation, context);
    case 'exit':
      return judgeExit(state, operation);
    case 'evidence':
      return judgeEvidence(state, operation, context);
    case 'authority_vote':
      return judgeAuthorityVote(state, operation);
    case 'renew':
      return judgeRenew(state, operation);
  }
}
