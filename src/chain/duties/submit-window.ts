/** The least there is: a proof goes into the last block before the boundary, and its update is fetched while that one is made. */
const LEAST_BLOCKS = 2;
const MOST_PATIENCE_ROUNDS = 64;

/**
 * How many blocks before the boundary a trainer asks for its proof: what it needs, and no more, for it trains nothing in that time.
 * Begins with the network's `submit_blocks`, narrows by a block a round while proofs are in a block soon enough, and is wide again, for
 * longer each time, when a proof was not sealed. That costs a round's pay and no stake, so it may be found out by trying.
 */
export interface SubmitWindow {
  readonly blocks: number;
  /** A proof was sealed, and stood in a block so many blocks after it was begun to be made. */
  sealed(blocksTaken: number): void;
  /** A proof was made and not sealed. */
  missed(): void;
}

export function createSubmitWindow(first: number, most: number): SubmitWindow {
  let blocks = first;
  let patience = 1;
  let good = 0;
  return {
    get blocks() {
      return blocks;
    },
    sealed(blocksTaken) {
      good++;
      // One block narrower, there must still be one left in which authorities fetch the update.
      if (good < patience || blocks <= LEAST_BLOCKS || blocksTaken + 1 >= blocks) return;
      good = 0;
      blocks--;
    },
    missed() {
      good = 0;
      patience = Math.min(2 * patience, MOST_PATIENCE_ROUNDS);
      blocks = Math.min(Math.max(first, blocks + 1), Math.max(first, most));
    },
  };
}
