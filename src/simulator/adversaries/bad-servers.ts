import { openingCodec } from '../../codec/opening.ts';
import { OPENING_TIMEOUT_MS } from '../../sync/limits.ts';
import type { Behaviour } from '../adversary.ts';

/** Trains honestly and serves its update, or it would not be sealed; opens nothing to the checkers. */
export const stateWithholder: Behaviour = {
  corrupt: ({ note }) => ({
    async serve({ protocol }, honest) {
      if (protocol !== 'opening') return honest();
      note('openings refused', 1);
      throw new Error('withheld');
    },
  }),
};

/** Trains honestly and opens its proof to all authorities but one, the first of the network: it wants that one to lose its pay. */
export const selectiveServer: Behaviour = {
  corrupt: ({ note }) => ({
    async serve({ protocol, from }, honest) {
      if (protocol !== 'opening' || from !== 0) return honest();
      note('openings refused', 1);
      throw new Error('withheld');
    },
  }),
};

/** Trains honestly; the Merkle paths that it serves have one bit wrong. */
export const pathForger: Behaviour = {
  corrupt: ({ note }) => ({
    async serve({ protocol }, honest) {
      const bytes = await honest();
      if (protocol !== 'opening' || bytes.length === 0) return bytes;
      const opening = openingCodec.decode(bytes);
      const [first, ...rest] = opening.endPath;
      if (first === undefined) return bytes;
      note('paths forged', 1);
      return openingCodec.encode({ ...opening, endPath: [first.map((byte, i) => (i === 0 ? byte ^ 1 : byte)), ...rest] });
    },
  }),
};

/** Just in time for an opening; a request for a state waits as long. */
const DELAY_MS = OPENING_TIMEOUT_MS - 200;

/** Trains honestly, and answers every checker as late as it can: their time is what other trainers' proofs need. */
export const slowServer: Behaviour = {
  corrupt: ({ clock, note }) => ({
    async serve({ protocol }, honest) {
      if (protocol !== 'opening' && protocol !== 'blob') return honest();
      note('answers delayed', 1);
      await new Promise<void>((resolve) => void clock.after(DELAY_MS, resolve));
      return honest();
    },
  }),
};
