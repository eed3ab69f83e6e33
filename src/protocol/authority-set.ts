import { MAX_AUTHORITIES } from '../codec/limits.ts';
import { encodeAuthorityChange } from '../codec/operations.ts';
import { hasQuorum } from '../codec/quorum.ts';
import type { AuthorityChange, AuthorityVoteOperation, RenewOperation } from '../codec/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';
import { INITIAL_REPUTATION } from './reputation.ts';
import { findByAddress, withItem } from './sorted.ts';
import type { AuthorityRecord, ProtocolState, ScheduledChange } from './types.ts';

/** Rounds that a wish stands; it can be voted again. */
const WISH_ROUNDS = 20;
/** Rounds from a request for new chains to their first use: nobody knows by then what others will reveal. */
const RENEWAL_ROUNDS = 2;

type AuthoritySet = Pick<ProtocolState, 'authorities' | 'authorityWishes' | 'scheduledChanges'>;

const addressOf = (record: AuthorityRecord): Address => record.address;

/** Notes what an authority wants, instead of what it wanted before. */
export function wish(state: ProtocolState, { authority, change }: AuthorityVoteOperation): ProtocolState {
  const item = { authority, round: state.open.number, change };
  return { ...state, authorityWishes: withItem(state.authorityWishes, item, (each) => each.authority) };
}

export function isSameChange(a: AuthorityChange, b: AuthorityChange): boolean {
  return equalBytes(encodeAuthorityChange(a), encodeAuthorityChange(b));
}

/** True for adding who is not there and removing who is. */
export function isMeaningful(authorities: readonly AuthorityRecord[], change: AuthorityChange): boolean {
  const isMember = findByAddress(authorities, change.candidate, addressOf) !== undefined;
  return change.kind === 'add' ? !isMember : isMember;
}

/** Notes new tips, in use for the round RENEWAL_ROUNDS after the open one. */
export function renew(state: ProtocolState, { authority, tip, secretTip }: RenewOperation): ProtocolState {
  const renewal = { round: state.open.number + RENEWAL_ROUNDS, tip, secretTip };
  return withAuthority(state, authority, { renewal });
}

/** The state with something else known of one authority. */
export function withAuthority(state: ProtocolState, address: Address, changes: Partial<AuthorityRecord>): ProtocolState {
  const authorities = state.authorities.map((record) => (equalBytes(record.address, address) ? { ...record, ...changes } : record));
  return { ...state, authorities };
}

/** The set after the boundary that ends the open round: what was scheduled for the round it opens. */
function changedSet({ authorities, scheduledChanges, open }: ProtocolState): readonly AuthorityRecord[] {
  const due = scheduledChanges.filter(({ round }) => round <= open.number + 1);
  return due.reduce((set, { change }) => carryOut(set, change), authorities);
}

/** Its members, ascending, when the next boundary changes the set; undefined when it stays. What that boundary must state. */
export function nextAuthorities(state: ProtocolState): readonly Address[] | undefined {
  const next = changedSet(state).map(addressOf);
  const isSame =
    next.length === state.authorities.length && next.every((each, i) => equalBytes(each, state.authorities[i]?.address ?? each));
  return isSame ? undefined : next;
}

/**
 * At the boundary that ends the open round: carries out what is due, schedules for the boundary after it what a quorum
 * of the old set wants, forgets old wishes and those of who left, and begins renewed chains.
 */
export function moveAuthoritySet(state: ProtocolState): AuthoritySet {
  const { open } = state;
  const changed = changedSet(state);
  const pending = state.scheduledChanges.filter(({ round }) => round > open.number + 1);
  const wanted = state.authorityWishes.filter(({ change }) => {
    const votes = state.authorityWishes.filter((other) => isSameChange(other.change, change)).length;
    return hasQuorum(votes, state.authorities.length);
  });
  const scheduledChanges = wanted
    .filter(({ change }) => isMeaningful(changed, change))
    .reduce<readonly ScheduledChange[]>(
      (all, { change }) => withItem(all, { round: open.number + 2, change }, (each) => each.change.candidate),
      pending,
    );
  const authorityWishes = state.authorityWishes.filter(
    (each) =>
      !wanted.includes(each) &&
      open.number - each.round < WISH_ROUNDS &&
      findByAddress(changed, each.authority, addressOf) !== undefined &&
      isMeaningful(changed, each.change),
  );
  return { authorities: changed.map((record) => beginRenewed(record, open.number)), authorityWishes, scheduledChanges };
}

/** The last authority cannot be removed, and a full set not be added to. */
function carryOut(set: readonly AuthorityRecord[], change: AuthorityChange): readonly AuthorityRecord[] {
  if (!isMeaningful(set, change)) return set;
  if (change.kind === 'remove') return set.length === 1 ? set : set.filter(({ address }) => toHex(address) !== toHex(change.candidate));
  if (set.length >= MAX_AUTHORITIES) return set;
  const { candidate, tip, secretTip } = change;
  const record: AuthorityRecord = {
    address: candidate,
    reputation: INITIAL_REPUTATION,
    earned: 0n,
    onion: tip,
    revealedRound: -1,
    secretOnion: secretTip,
    renewal: undefined,
  };
  return withItem(set, record, addressOf);
}

/** @param sealed the round that this boundary seals: the first whose preimages come from the new chains */
function beginRenewed(record: AuthorityRecord, sealed: number): AuthorityRecord {
  const { renewal } = record;
  if (renewal === undefined || renewal.round > sealed) return record;
  return { ...record, onion: renewal.tip, secretOnion: renewal.secretTip, renewal: undefined };
}
