import { headerHash } from '../../codec/blocks.ts';
import { signProposal } from '../../codec/consensus-messages.ts';
import type { Block, ConsensusMessage, ConsensusVote } from '../../codec/types.ts';
import { signVote } from '../../codec/votes.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { AdversaryTools } from '../adversary.ts';
import { payloadAt, payloadHash } from '../execution.ts';

/** Another valid block for the same place: all as it was, a second later. */
function twinOf(block: Block): Block {
  const timestamp = block.header.timestamp + 1;
  const execution = payloadAt(block.execution, timestamp);
  return { ...block, header: { ...block.header, timestamp, executionHash: payloadHash(execution) }, execution };
}

/** A proposal of one's own for a new block, and the same for its twin; undefined for any other message: those of others cannot be changed. */
export function twinProposals(message: ConsensusMessage, { signer, context }: AdversaryTools) {
  if (message.kind !== 'proposal') return undefined;
  const { proposal } = message;
  if (proposal.validRound !== undefined || !equalBytes(proposal.authority, signer.address)) return undefined;
  const twin = signProposal({ ...proposal, block: twinOf(proposal.block) }, context.genesisHash, signer);
  return { one: proposal, other: twin };
}

/** A random half hears the one, the rest the other. */
export function tellHalves({ random, size, whisper }: AdversaryTools, one: ConsensusMessage, other: ConsensusMessage): void {
  const order = random.shuffle(Array.from({ length: size }, (_, i) => i));
  const half = Math.ceil(size / 2);
  whisper(one, order.slice(0, half));
  whisper(other, order.slice(half));
}

export function signedVote(
  { signer, context }: AdversaryTools,
  type: ConsensusVote['type'],
  height: number,
  round: number,
  blockHash: Hash | undefined,
): ConsensusMessage {
  const vote = { type, height, round, blockHash, authority: signer.address };
  return { kind: 'vote', vote: signVote(vote, context.genesisHash, signer) };
}

export const hashOf = (block: Block): Hash => headerHash(block.header);
