import type { AuthorityVoteOperation, RenewOperation } from '../../codec/types.ts';
import { isMeaningful, isSameChange } from '../authority-set.ts';
import { findByAddress } from '../sorted.ts';
import type { ProtocolState } from '../types.ts';
import { invalid, isRecent, type Standing, stale, VALID } from './standing.ts';

export function judgeAuthorityVote(state: ProtocolState, { authority, round, change }: AuthorityVoteOperation): Standing {
  // 1. Its author is an authority.
  if (findByAddress(state.authorities, authority, (record) => record.address) === undefined) {
    return invalid('not_an_authority', 'the author is not an authority');
  }
  // 2. It was written in the open round or the one before.
  const recent = isRecent(state.open.number, round);
  if (recent.kind !== 'valid') return recent;
  // 3. It would change something.
  if (!isMeaningful(state.authorities, change))
    return stale('change_meaningless', change.kind === 'add' ? 'the candidate is an authority' : 'the candidate is no authority');
  // 4. It is not what the authority wants already.
  const held = findByAddress(state.authorityWishes, authority, (each) => each.authority);
  if (held !== undefined && isSameChange(held.change, change)) return stale('already_wished', 'the authority voted for this');
  return VALID;
}

export function judgeRenew(state: ProtocolState, { authority, round }: RenewOperation): Standing {
  // 1. Its author is an authority.
  const record = findByAddress(state.authorities, authority, (each) => each.address);
  if (record === undefined) return invalid('not_an_authority', 'the author is not an authority');
  // 2. It was written in the open round or the one before.
  const recent = isRecent(state.open.number, round);
  if (recent.kind !== 'valid') return recent;
  // 3. No other renewal is waiting for its round.
  if (record.renewal !== undefined) return stale('already_renewing', `new chains begin with round ${record.renewal.round}`);
  return VALID;
}
