import { encodeConsensusMessage } from '../../codec/consensus-messages.ts';
import { encodeSignedOperation, signOperation } from '../../codec/operations.ts';
import { concatBytes } from '../../primitives/bytes.ts';
import { sha256 } from '../../primitives/hash.ts';
import { blobRequestCodec } from '../../sync/wire.ts';
import type { Behaviour } from '../adversary.ts';
import { peerName } from '../peer-network.ts';
import { signedVote } from './equivocation.ts';

/** Of each kind, at each block. */
const MESSAGES = 8;
const SALT = new Uint8Array(8);

/**
 * Sends as much as it can of everything that costs others work: joins of fresh addresses, which are valid, one operation
 * again and again, votes that it has no right to, requests for blobs that nobody has. Garbage last: that gets it refused.
 */
export const flooder: Behaviour = {
  corrupt(tools) {
    const { network, context, state, signerNamed, random, size, index, note } = tools;
    let serial = 0;
    const nonsense = () => sha256(Uint8Array.from({ length: 8 }, () => random.integer(256)));
    return {
      withoutTrainerDuty: true,
      onBlock() {
        const { open, height } = state();
        for (let i = 0; i < MESSAGES; i++) {
          const signer = signerNamed(`flood ${serial++}`);
          const join = signOperation({ type: 'join', trainer: signer.address, round: open.number }, context.genesisHash, signer);
          void network.publish('operations', concatBytes(SALT, encodeSignedOperation(join)));
          const vote = signedVote(tools, 'precommit', height + 1, 0, nonsense());
          network.sendToAll('consensus', encodeConsensusMessage(vote));
          void network.publish('operations', nonsense());
          const peer = (index + 1 + random.integer(size - 1)) % size;
          network
            .request(peerName(peer), 'blob', blobRequestCodec.encode({ id: nonsense() }), { maxBytes: 64, timeoutMs: 1_000 })
            .catch(() => {});
        }
        note('messages of a flood', 4 * MESSAGES);
      },
    };
  },
};
