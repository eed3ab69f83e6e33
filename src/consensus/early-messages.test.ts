import { expect, it } from 'vitest';
import type { ConsensusMessage } from '../codec/types.ts';
import { signVote } from '../codec/votes.ts';
import type { Signer } from '../primitives/keys.ts';
import { createEarlyMessages } from './early-messages.ts';
import { EARLY_MESSAGES_PER_AUTHORITY } from './limits.ts';
import { GENESIS_HASH, testSigners } from './testing/fixtures.ts';

const [ann, ben] = testSigners(2) as [Signer, Signer];

function vote(signer: Signer, height: number, round: number): ConsensusMessage {
  const place = { type: 'prevote' as const, height, round, blockHash: undefined, authority: signer.address };
  return { kind: 'vote', vote: signVote(place, GENESIS_HASH, signer) };
}

it('gives each height its messages, and forgets lower ones', () => {
  const early = createEarlyMessages();
  const messages = [vote(ann, 5, 0), vote(ben, 6, 0), vote(ann, 6, 0), vote(ben, 7, 0)];
  for (const message of messages) early.add(message);
  expect(early.has(messages[0] as ConsensusMessage)).toBe(true);
  expect([early.authors(5), early.authors(6), early.authors(8)]).toEqual([1, 2, 0]);
  expect(new Set(early.take(6))).toEqual(new Set([messages[1], messages[2]]));
  expect([early.authors(5), early.authors(6), early.authors(7)]).toEqual([0, 0, 1]);
});

it('keeps the newest of an authority that floods it, and all of the others', () => {
  const early = createEarlyMessages();
  const honest = vote(ben, 5, 0);
  early.add(honest);
  const flood = Array.from({ length: 100 }, (_, round) => vote(ann, 5, round));
  for (const message of flood) early.add(message);
  const kept = early.take(5);
  expect(kept).toContain(honest);
  expect(kept).toHaveLength(1 + EARLY_MESSAGES_PER_AUTHORITY);
  expect(kept).toContain(flood[99]);
});
