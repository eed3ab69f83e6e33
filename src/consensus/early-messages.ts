import type { ConsensusMessage } from '../codec/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { placeOf } from './intake.ts';
import { EARLY_MESSAGES_PER_AUTHORITY } from './limits.ts';

/** Checked messages of heights that have not begun here. Bounded for each authority: a newer message pushes out its oldest. */
export interface EarlyMessages {
  add(message: ConsensusMessage): void;
  has(message: ConsensusMessage): boolean;
  /** How many authorities have spoken of a height. */
  authors(height: number): number;
  /** Takes out the messages of a height, in the order they came, and forgets those of lower heights. */
  take(height: number): readonly ConsensusMessage[];
}

export function createEarlyMessages(): EarlyMessages {
  let byAuthor = new Map<string, readonly ConsensusMessage[]>();
  const of = (message: ConsensusMessage) => byAuthor.get(toHex(placeOf(message).authority)) ?? [];
  return {
    add(message) {
      byAuthor.set(toHex(placeOf(message).authority), [...of(message), message].slice(-EARLY_MESSAGES_PER_AUTHORITY));
    },
    has: (message) => of(message).some((held) => equalBytes(signatureOf(held), signatureOf(message))),
    authors: (height) => [...byAuthor.values()].filter((held) => held.some((message) => placeOf(message).height === height)).length,
    take(height) {
      const all = [...byAuthor];
      const pick = (keep: (of: number) => boolean) =>
        all.map(([author, messages]) => [author, messages.filter((message) => keep(placeOf(message).height))] as const);
      byAuthor = new Map(pick((of) => of > height).filter(([, messages]) => messages.length > 0));
      return pick((of) => of === height).flatMap(([, messages]) => messages);
    },
  };
}

function signatureOf(message: ConsensusMessage) {
  return message.kind === 'vote' ? message.vote.signature : message.proposal.signature;
}
