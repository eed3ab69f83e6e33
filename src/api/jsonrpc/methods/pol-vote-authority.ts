import type { AuthorityChange } from '../../../codec/types.ts';
import { apiError } from '../../errors.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress, parseBytes } from '../parse.ts';
import { requireSpending } from '../signing.ts';

/**
 * Votes with the node's key for a change of the authority set: ["add", candidate, tip, secretTip] or ["remove", candidate]. Gives the
 * operation's identity.
 */
export const polVoteAuthority: RpcMethod = {
  name: 'pol_voteAuthority',
  call([kind, candidate, tip, secretTip], context) {
    requireSpending('pol_voteAuthority', context);
    return data(context.view.operator.submit({ type: 'authority_vote', change: parseChange(kind, candidate, tip, secretTip) }));
  },
};

function parseChange(kind: unknown, candidateText: unknown, tip: unknown, secretTip: unknown): AuthorityChange {
  const candidate = parseAddress(candidateText, 'candidate');
  if (kind === 'remove') return { kind, candidate };
  if (kind !== 'add') throw apiError('API_INVALID_REQUEST', 'kind: "add" or "remove"');
  return { kind, candidate, tip: parseBytes(tip, 'tip', 32), secretTip: parseBytes(secretTip, 'secretTip', 32) };
}
