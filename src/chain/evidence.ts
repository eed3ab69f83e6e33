import { proposalClaim } from '../codec/consensus-messages.ts';
import { signOperation } from '../codec/operations.ts';
import type { ConsensusMessage, ConsensusStatement, EvidenceOperation, SignedOperation } from '../codec/types.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Signer } from '../primitives/keys.ts';

/** The operation that convicts an authority of two messages for one place. */
export function evidenceOf(
  first: ConsensusMessage,
  second: ConsensusMessage,
  { round, genesisHash, signer }: { readonly round: number; readonly genesisHash: Hash; readonly signer: Signer },
): SignedOperation<EvidenceOperation> {
  const operation: EvidenceOperation = {
    type: 'evidence',
    reporter: signer.address,
    round,
    first: statementOf(first),
    second: statementOf(second),
  };
  return signOperation(operation, genesisHash, signer);
}

function statementOf(message: ConsensusMessage): ConsensusStatement {
  return message.kind === 'vote' ? { kind: 'vote', vote: message.vote } : { kind: 'proposal', proposal: proposalClaim(message.proposal) };
}
