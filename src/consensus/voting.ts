import type { ConsensusVote } from '../codec/types.ts';
import type { Hash } from '../primitives/hash.ts';
import { type ConsensusState, ownVote, type Step, type Transition, unchanged } from './state.ts';

/**
 * Moves to the step named by `type` and votes, unless this node follows, or is already known to have voted there: its own
 * message of before a restart, from the log or from the network, stands.
 */
export function castVote(state: ConsensusState, type: ConsensusVote['type'], blockHash: Hash | undefined): Transition {
  const step: Step = type;
  const next = { ...state, step };
  const { self } = state.options;
  if (state.self === undefined || self === undefined || ownVote(state, state.round, type) !== undefined) return unchanged(next);
  const vote = { type, height: state.height, round: state.round, blockHash, authority: self };
  return { state: next, effects: [{ type: 'signVote', vote, lock: state.lock }] };
}
