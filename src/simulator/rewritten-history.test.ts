import { expect, it } from 'vitest';
import { headerHash } from '../codec/blocks.ts';
import { encodeConsensusMessage } from '../codec/consensus-messages.ts';
import type { ConsensusMessage, FinalBlock } from '../codec/types.ts';
import { signVote } from '../codec/votes.ts';
import { compareBytes } from '../primitives/bytes.ts';
import { taggedHash } from '../primitives/hash.ts';
import { blocksRequestCodec, blocksResponseCodec } from '../sync/wire.ts';
import type { Adversary, AdversaryTools } from './adversary.ts';
import { runScenario } from './scenario.ts';
import { hashSigner } from './world.ts';

const SEED = 'rewritten';
const AUTHORITIES = 4;
/** It holds every key of the genesis: an old set whose members have sold theirs. */
const GENESIS_KEYS = Array.from({ length: AUTHORITIES }, (_, i) => hashSigner(`${SEED}/authority ${i}`)).sort((a, b) =>
  compareBytes(a.address, b.address),
);
/** The height at which it says its own history stands. */
const CLAIMED_HEIGHT = 1_000_000;

/** The last final block again, at another height of another history, with a certificate that all genesis keys signed. */
function rewritten({ block }: FinalBlock, height: number, { context }: AdversaryTools): FinalBlock {
  const header = { ...block.header, height, parentHash: taggedHash('simulated/other-history/1', block.header.parentHash) };
  const blockHash = headerHash(header);
  const vote = { type: 'precommit', height, round: 0, blockHash } as const;
  const signatures = GENESIS_KEYS.map((signer) => ({
    authority: signer.address,
    signature: signVote({ ...vote, authority: signer.address }, context.genesisHash, signer).signature,
  }));
  return { block: { ...block, header }, certificate: { height, round: 0, blockHash, signatures } };
}

function claimOf({ context }: AdversaryTools): ConsensusMessage {
  const [signer] = GENESIS_KEYS;
  if (signer === undefined) throw new Error('no keys');
  const vote = { type: 'precommit', height: CLAIMED_HEIGHT, round: 0, blockHash: undefined, authority: signer.address } as const;
  return { kind: 'vote', vote: signVote(vote, context.genesisHash, signer) };
}

it('a history rewritten with all keys of the genesis moves no node that has the real one', async () => {
  let served = 0;
  const rewriter: Adversary = {
    kind: 'flooder',
    corrupt: (tools) => {
      let last: FinalBlock | undefined;
      return {
        withoutTrainerDuty: true,
        onBlock(final) {
          last = final;
          tools.network.sendToAll('consensus', encodeConsensusMessage(claimOf(tools)));
        },
        async serve({ protocol, bytes }, honest) {
          if (protocol !== 'blocks' || last === undefined) return honest();
          served++;
          return blocksResponseCodec.encode([rewritten(last, blocksRequestCodec.decode(bytes).from, tools)]);
        },
      };
    },
  };
  const faults = [
    { atMs: 6_000, type: 'crash', node: 1 },
    { atMs: 12_000, type: 'restart', node: 1 },
  ] as const;
  const run = await runScenario({
    seed: SEED,
    authorities: AUTHORITIES,
    trainers: 1,
    adversaries: [rewriter],
    rounds: 0,
    blocks: 20,
    faults,
  });
  expect(run).toMatchObject({ violations: [], live: true });
  expect(served).toBeGreaterThan(0);
});
