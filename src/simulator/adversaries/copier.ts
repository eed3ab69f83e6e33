import { MAX_OPENING_BYTES } from '../../codec/limits.ts';
import { openingCodec } from '../../codec/opening.ts';
import { signOperation } from '../../codec/operations.ts';
import type { ProofOperation } from '../../codec/types.ts';
import { leavesRoot } from '../../learning/leaves.ts';
import { equalBytes, toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { blobRequestCodec, openingRequestCodec } from '../../sync/wire.ts';
import type { AdversaryTools, Behaviour } from '../adversary.ts';
import { decodeState, rootOfBytes, type State } from '../learning/states.ts';

const TIMEOUT_MS = 2_000;

/**
 * Trains nothing. When another trainer's proof is in a block it asks that trainer for every opening, as any checker may,
 * puts the same states under leaves of its own and claims the same update.
 */
export const copier: Behaviour = {
  corrupt(tools) {
    let busyWith = -1;
    return {
      withoutTraining: true,
      onBlock() {
        const { open } = tools.state();
        const { address } = tools.signer;
        if (busyWith >= open.number || !open.roster.some((member) => equalBytes(member, address))) return;
        const victim = open.proofs.find(({ trainer }) => !equalBytes(trainer, address));
        if (victim === undefined) return;
        busyWith = open.number;
        copy(tools, victim).catch(() => tools.note('copies that failed', 1));
      },
    };
  },
};

async function copy(tools: AdversaryTools, victim: ProofOperation): Promise<void> {
  const { network, signer, context } = tools;
  const owner = network.peers().find(({ account }) => account === checksumAddress(victim.trainer));
  if (owner === undefined) return;
  const ask = (protocol: 'opening' | 'blob', bytes: Uint8Array) =>
    network.request(owner.id, protocol, bytes, { maxBytes: MAX_OPENING_BYTES, timeoutMs: TIMEOUT_MS });
  const { round, trainer } = victim;
  const openings = await Promise.all(
    Array.from({ length: victim.segments }, async (_, segment) =>
      openingCodec.decode(await ask('opening', openingRequestCodec.encode({ round, trainer, segment }))),
    ),
  );
  const roots = [...openings.slice(0, 1).map((opening) => opening.startState), ...openings.map((opening) => opening.endState)];
  const states = await Promise.all(
    roots.map(async (id): Promise<State> => {
      const bytes = await ask('blob', blobRequestCodec.encode({ id }));
      const state = decodeState(bytes);
      if (state === undefined || !equalBytes(rootOfBytes(bytes), id)) throw new Error(`${toHex(id)} was not served`);
      await tools.blobs.put(id, bytes);
      return state;
    }),
  );
  const { open } = tools.state();
  if (open.number !== victim.round) return;
  const scope = tools.learning().scope(victim.round, signer.address);
  const { type: _, ...proof } = { ...victim, trainer: signer.address, leavesRoot: leavesRoot(scope, roots) };
  tools.learning().adopt({
    round: victim.round,
    trainer: signer.address,
    startRoot: open.startRoot,
    beacon: open.beacon,
    startWeights: (states[0] as State).content,
    states,
    works: [],
    proof,
  });
  tools.note('proofs copied', 1);
  tools.publish(signOperation({ type: 'proof', ...proof }, context.genesisHash, signer));
}
