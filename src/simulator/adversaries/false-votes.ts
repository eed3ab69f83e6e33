import { signOperation } from '../../codec/operations.ts';
import type { SignedOperation } from '../../codec/types.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import { deadlinesOf } from '../../protocol/timeline.ts';
import type { Behaviour } from '../adversary.ts';

/** Says nothing, ever. */
export const silentAuthority: Behaviour = { corrupt: () => ({ dead: true }) };

/** Never reveals the preimages that make challenges and assignments. */
export const preimageWithholder: Behaviour = {
  corrupt: ({ note }) => ({
    submit(signed, next) {
      if (signed.operation.type !== 'reveal') next(signed);
      else note('preimages withheld', 1);
    },
  }),
};

/** Helps to make blocks, and refuses to judge: no vote and no ruling. */
export const voteRefuser: Behaviour = {
  corrupt: () => ({
    submit(signed, next) {
      if (signed.operation.type === 'reveal') next(signed);
    },
  }),
};

/** Sends its commitment one block after the last that may hold it, when the first votes are open. */
export const lateCommitter: Behaviour = {
  corrupt({ state, context, publish, note }) {
    let held: SignedOperation | undefined;
    return {
      submit(signed, next) {
        if (signed.operation.type === 'commit') held = signed;
        else next(signed);
      },
      onBlock() {
        const { sealed, height } = state();
        if (held === undefined || sealed === undefined || height < deadlinesOf(state(), sealed.sealedAt, context.genesis).commits) return;
        note('late commitments', 1);
        publish(held);
        held = undefined;
      },
    };
  },
};

/** Commits to what another committed to, and then opens that one's vote, accusations and all, under its own name. */
export const voteCopier: Behaviour = {
  corrupt({ state, signer, context, publish, note }) {
    const isOther = ({ authority }: { readonly authority: Uint8Array }) => !equalBytes(authority, signer.address);
    let own: SignedOperation | undefined;
    let copied = -1;
    return {
      submit(signed, next) {
        const { type } = signed.operation;
        if (type === 'vote') own = signed;
        if (type !== 'commit' && type !== 'vote') next(signed);
      },
      onBlock() {
        const { sealed } = state();
        if (sealed === undefined) return;
        const commit = sealed.commits.find(isOther);
        if (commit === undefined) return;
        const victim = sealed.votes.find(({ authority }) => equalBytes(authority, commit.authority));
        const base = { authority: signer.address, round: sealed.number } as const;
        if (sealed.commits.every(isOther)) {
          note('commitments copied', 1);
          publish(signOperation({ type: 'commit', ...base, commitment: commit.commitment }, context.genesisHash, signer));
        }
        if (victim === undefined || copied >= sealed.number) return;
        copied = sealed.number;
        note('votes copied', 1);
        const secretPreimage = own?.operation.type === 'vote' ? own.operation.secretPreimage : victim.secretPreimage;
        publish(signOperation({ ...victim, type: 'vote', ...base, secretPreimage }, context.genesisHash, signer));
      },
    };
  },
};
