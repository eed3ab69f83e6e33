import type { Adversary } from '../adversary.ts';

/** Never reveals the preimages that make challenges and assignments. */
export const preimageWithholder: Adversary = {
  kind: 'preimage-withholder',
  role: 'authority',
  summary: 'reveals no preimage',
  corrupt: ({ note }) => ({
    submit(signed, next) {
      if (signed.operation.type !== 'reveal') next(signed);
      else note('preimages withheld', 1);
    },
  }),
};
