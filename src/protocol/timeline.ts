import type { Genesis } from '../params/genesis.ts';
import type { ProtocolState } from './types.ts';

/** Last heights at which a block may hold what a sealed round is still waiting for. Heights, never wall time. */
export interface Deadlines {
  /** Preimages; the draw is known in the state of this height. */
  readonly reveals: number;
  /** Commitments to votes. */
  readonly commits: number;
  /** Opened votes; the disputes are known in the state of this height. */
  readonly votes: number;
  /** Rulings. The next block is the boundary that settles the round. */
  readonly rulings: number;
}

/**
 * Deadlines of the sealed round in `state`: each kind of operation follows the one before it, up to the boundary that ends
 * the open round. In a round that only gathers there is nothing to check, and windows may be empty.
 */
export function deadlinesOf(state: ProtocolState, sealedAt: number, { rounds }: Pick<Genesis, 'rounds'>): Deadlines {
  const votes = state.open.sealsAt - rounds.dispute_blocks;
  return {
    reveals: sealedAt + rounds.reveal_blocks,
    commits: votes - rounds.vote_blocks,
    votes,
    rulings: state.open.sealsAt - 1,
  };
}
