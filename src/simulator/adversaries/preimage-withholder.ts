import type { Behaviour } from '../adversary.ts';

/** Never reveals the preimages that make challenges and assignments. */
export const preimageWithholder: Behaviour = {
  corrupt: ({ note }) => ({
    submit(signed, next) {
      if (signed.operation.type !== 'reveal') next(signed);
      else note('preimages withheld', 1);
    },
  }),
};
