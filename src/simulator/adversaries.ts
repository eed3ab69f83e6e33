import { headerHash } from '../codec/blocks.ts';
import { signProposal } from '../codec/consensus-messages.ts';
import type { Block, ConsensusMessage, ConsensusVote } from '../codec/types.ts';
import { signVote } from '../codec/votes.ts';
import { concatBytes, equalBytes, toHex } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import type { Signer } from '../primitives/keys.ts';
import { type ConsensusNodeOptions, type ConsensusWire, consensusNode } from './consensus-node.ts';
import type { NodeEnvironment, NodePlan } from './node.ts';

/** An adversary holds one authority's key: it can do anything but sign for others. */
export type AdversaryOptions = Omit<ConsensusNodeOptions, 'signer' | 'onCommit' | 'speak' | 'overhear' | 'honest'> & {
  readonly signer: Signer;
};

/** Says nothing, ever. */
export function silentAuthority(): NodePlan<ConsensusWire> {
  return { honest: false, boot: () => ({ receive() {} }) };
}

/** When it is its turn, proposes one block to one half of the network and another to the other half; votes as the rules ask. */
export function equivocatingProposer(options: AdversaryOptions): NodePlan<ConsensusWire> {
  return consensusNode({
    ...options,
    honest: false,
    speak(message, environment) {
      if (!isOwnNewProposal(message, options.signer)) return tellAll(environment, message);
      const { proposal } = message;
      const twin = signProposal({ ...proposal, block: twinOf(proposal.block) }, options.keys.genesisHash, options.signer);
      tellHalves(environment, message, { kind: 'proposal', proposal: twin });
    },
  });
}

/**
 * Votes for everything: each block it sees proposed gets its prevote and its precommit at once, whatever it voted before,
 * and whoever is not told of the one vote is told nil. When it is its turn it proposes two blocks.
 */
export function doubleVoter(options: AdversaryOptions): NodePlan<ConsensusWire> {
  const { genesisHash } = options.keys;
  const seen = new Set<string>();
  const sign = (type: ConsensusVote['type'], height: number, round: number, blockHash: Hash | undefined): ConsensusMessage => {
    const vote = { type, height, round, blockHash, authority: options.signer.address };
    return { kind: 'vote', vote: signVote(vote, genesisHash, options.signer) };
  };
  const voteFor = (block: Block, round: number, environment: NodeEnvironment<ConsensusWire>) => {
    const blockHash = headerHash(block.header);
    const name = `${block.header.height}/${round}/${toHex(blockHash)}`;
    if (seen.has(name)) return;
    seen.add(name);
    for (const type of ['prevote', 'precommit'] as const) {
      const { height } = block.header;
      tellHalves(environment, sign(type, height, round, blockHash), sign(type, height, round, undefined));
    }
  };
  return consensusNode({
    ...options,
    honest: false,
    overhear(message, environment) {
      if (message.kind === 'proposal') voteFor(message.proposal.block, message.proposal.round, environment);
    },
    speak(message, environment) {
      if (message.kind !== 'proposal') return;
      if (!isOwnNewProposal(message, options.signer)) return tellAll(environment, message);
      const { proposal } = message;
      const twin = { ...proposal, block: twinOf(proposal.block) };
      tellHalves(environment, message, { kind: 'proposal', proposal: signProposal(twin, genesisHash, options.signer) });
      voteFor(proposal.block, proposal.round, environment);
      voteFor(twin.block, proposal.round, environment);
    },
  });
}

/** Adversaries repeat the proposals of others, too, and those cannot be changed. */
function isOwnNewProposal(message: ConsensusMessage, signer: Signer): message is Extract<ConsensusMessage, { kind: 'proposal' }> {
  return message.kind === 'proposal' && message.proposal.validRound === undefined && equalBytes(message.proposal.authority, signer.address);
}

/** Another valid block for the same place. */
function twinOf(block: Block): Block {
  const execution = concatBytes(block.execution, Uint8Array.of(1));
  return { ...block, header: { ...block.header, executionHash: sha256(execution) }, execution };
}

function tellAll(environment: NodeEnvironment<ConsensusWire>, message: ConsensusMessage): void {
  environment.broadcast({ type: 'consensus', message });
}

/** A random half hears the one, the rest the other. */
function tellHalves(environment: NodeEnvironment<ConsensusWire>, one: ConsensusMessage, other: ConsensusMessage): void {
  const order = environment.random.shuffle(Array.from({ length: environment.size }, (_, i) => i));
  for (const [i, to] of order.entries()) environment.send(to, { type: 'consensus', message: i % 2 === 0 ? one : other });
}
