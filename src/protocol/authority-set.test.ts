import { describe, expect, it } from 'vitest';
import type { AuthorityChange, Operation } from '../codec/types.ts';
import { compareBytes } from '../primitives/bytes.ts';
import { applyBlock } from './apply.ts';
import { nextAuthorities } from './authority-set.ts';
import { beforeBoundary, idleUntil, judgeIn, named, nextBlock, reveal, testAuthority, testNetwork } from './testing/network.ts';
import type { ProtocolState } from './types.ts';

const network = testNetwork(4);
const { authorities } = network;
const candidate = testAuthority('candidate');
const add: AuthorityChange = { kind: 'add', candidate: candidate.address, tip: candidate.onion.tip, secretTip: candidate.secretOnion.tip };
const remove: AuthorityChange = { kind: 'remove', candidate: authorities[0]?.address ?? candidate.address };
const want = (i: number, round: number, change: AuthorityChange): Operation => {
  return { type: 'authority_vote', authority: authorities[i]?.address ?? candidate.address, round, change };
};
const standing = judgeIn(network);
const addresses = (state: ProtocolState) => state.authorities.map(({ address }) => address);
const afterRound = (state: ProtocolState) => idleUntil(network, state, state.open.sealsAt);
/** Round 1 is open. */
const start = afterRound(network.initial);
const voted = (change: AuthorityChange, voters: readonly number[]) =>
  nextBlock(
    network,
    start,
    voters.map((i) => want(i, 1, change)),
  ).state;

describe('the authority set', () => {
  it('grows at the second boundary after a quorum wants it, which states the new set', () => {
    const scheduled = afterRound(voted(add, [0, 1, 2]));
    expect(addresses(scheduled)).toEqual(authorities.map(({ address }) => address));
    expect(scheduled.scheduledChanges).toEqual([{ round: 3, change: add }]);
    const last = beforeBoundary(network, scheduled);
    const expected = [...authorities.map(({ address }) => address), candidate.address].sort(compareBytes);
    expect(nextAuthorities(last)).toEqual(expected);
    const grown = nextBlock(network, last).state;
    expect(addresses(grown)).toEqual(expected);
    expect(grown.scheduledChanges).toEqual([]);
    expect(nextAuthorities(grown)).toBeUndefined();
    // It reveals for the round sealed there.
    expect(standing(grown, reveal(grown, candidate, 2))).toBe('valid');
  });

  it('shrinks in the same way, but never to nothing', () => {
    const shrunk = afterRound(afterRound(voted(remove, [1, 2, 3])));
    expect(addresses(shrunk)).toEqual(authorities.slice(1).map(({ address }) => address));
    const lone = testNetwork(1);
    const self = lone.authorities[0]?.address ?? candidate.address;
    const suicide: Operation = { type: 'authority_vote', authority: self, round: 0, change: { kind: 'remove', candidate: self } };
    let state = nextBlock(lone, lone.initial, [suicide]).state;
    for (let i = 0; i < 3; i++) state = idleUntil(lone, state, state.open.sealsAt);
    expect(addresses(state)).toEqual([self]);
  });

  it('stays with less than a quorum, and with a quorum for different things', () => {
    expect(afterRound(voted(add, [0, 1])).scheduledChanges).toEqual([]);
    const otherTip: AuthorityChange = {
      ...add,
      kind: 'add',
      tip: named('tip', 'other'),
      secretTip: add.kind === 'add' ? add.secretTip : named('x', 0),
    };
    const split = nextBlock(network, voted(add, [0, 1]), [want(2, 1, otherTip), want(3, 1, otherTip)]).state;
    expect(afterRound(split).scheduledChanges).toEqual([]);
  });

  it('collects wishes over rounds, and forgets old ones', () => {
    let state = afterRound(voted(add, [0, 1]));
    state = afterRound(nextBlock(network, state, [want(2, 2, add)]).state);
    expect(state.scheduledChanges).toHaveLength(1);
    let waiting = voted(add, [0, 1]);
    for (let i = 0; i < 21; i++) waiting = afterRound(waiting);
    expect(waiting.authorityWishes).toEqual([]);
  });

  it('takes wishes of authorities that would change something', () => {
    expect(standing(start, want(0, 1, add))).toBe('valid');
    expect(standing(start, want(9, 1, add))).toBe('invalid: not_an_authority');
    expect(standing(start, want(0, 2, add))).toBe('later: wrong_round');
    expect(standing(start, want(0, 1, { kind: 'remove', candidate: candidate.address }))).toBe('stale: change_meaningless');
    expect(
      standing(start, want(0, 1, { ...add, kind: 'add', candidate: authorities[1]?.address ?? candidate.address } as AuthorityChange)),
    ).toBe('stale: change_meaningless');
    expect(standing(voted(add, [0]), want(0, 1, add))).toBe('stale: already_wished');
    expect(standing(voted(add, [0]), want(0, 1, remove))).toBe('valid');
  });

  it('is stated by the boundary exactly when it changes', () => {
    const wrong = (state: ProtocolState, stated: readonly Uint8Array[] | undefined) => () =>
      applyBlock(
        state,
        {
          height: state.height + 1,
          operations: [],
          boundary: { sealed: [], modelRoot: named('m', 1), startRoot: named('s', 1), authorities: stated },
          deposits: [],
        },
        network.context,
      );
    const code = expect.objectContaining({ code: 'PROTOCOL_AUTHORITIES_WRONG' });
    const quiet = beforeBoundary(network, start);
    expect(wrong(quiet, addresses(quiet))).toThrow(code);
    const changing = beforeBoundary(network, afterRound(voted(add, [0, 1, 2])));
    expect(wrong(changing, undefined)).toThrow(code);
    expect(wrong(changing, addresses(changing))).toThrow(code);
    expect(wrong(changing, nextAuthorities(changing))).not.toThrow();
  });
});

describe('renewed hash chains', () => {
  const [authority] = authorities as [(typeof authorities)[number]];
  const fresh = testAuthority('fresh chains');
  const renew: Operation = {
    type: 'renew',
    authority: authority.address,
    round: 1,
    tip: fresh.onion.tip,
    secretTip: fresh.secretOnion.tip,
  };

  it('are in use from the second round after the one they were asked for in', () => {
    const asked = nextBlock(network, start, [renew]).state;
    expect(standing(asked, renew)).toBe('stale: already_renewing');
    // Rounds 1 and 2 are still drawn with the old chains.
    const first = afterRound(asked);
    expect(standing(first, reveal(first, authority, 1))).toBe('valid');
    const second = afterRound(first);
    expect(standing(second, reveal(second, authority, 2))).toBe('valid');
    const third = afterRound(second);
    expect(third.authorities[0]).toMatchObject({ onion: fresh.onion.tip, secretOnion: fresh.secretOnion.tip, renewal: undefined });
    expect(standing(third, reveal(third, { ...authority, onion: fresh.onion }, 3))).toBe('valid');
  });

  it('are an authority’s to ask for', () => {
    expect(standing(start, { ...renew, authority: candidate.address } as Operation)).toBe('invalid: not_an_authority');
    expect(standing(start, { ...renew, round: 3 } as Operation)).toBe('later: wrong_round');
  });
});
