import { blockContentHash } from '../codec/blocks.ts';
import type { ConsensusMessage, FinalBlock } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Address } from '../primitives/keys.ts';

/** Watches a run for what must never happen (docs/protocol.md, guarantee a). */
export interface SafetyObserver {
  onCommit(final: FinalBlock): void;
  onSent(message: ConsensusMessage): void;
  /** What went wrong, in words; empty when nothing did. */
  readonly violations: readonly string[];
}

/** @param honest authorities that must not contradict themselves */
export function createSafetyObserver(honest: readonly Address[]): SafetyObserver {
  const watched = new Set(honest.map(toHex));
  const finalAt = new Map<number, string>();
  const said = new Map<string, string>();
  const violations: string[] = [];

  function expectSame(book: Map<string, string>, place: string, content: string): void {
    const before = book.get(place);
    if (before === undefined) book.set(place, content);
    else if (before !== content) violations.push(`${place}: first ${before}, then ${content}`);
  }

  return {
    violations,
    onCommit({ certificate }) {
      const hash = toHex(certificate.blockHash);
      const before = finalAt.get(certificate.height);
      finalAt.set(certificate.height, before ?? hash);
      if (before !== undefined && before !== hash)
        violations.push(`height ${certificate.height} has two final blocks: ${before} and ${hash}`);
    },
    onSent(message) {
      const { authority, height, round } = message.kind === 'vote' ? message.vote : message.proposal;
      if (!watched.has(toHex(authority))) return;
      const type = message.kind === 'vote' ? message.vote.type : 'proposal';
      const content =
        message.kind === 'vote'
          ? message.vote.blockHash === undefined
            ? 'nil'
            : toHex(message.vote.blockHash)
          : `${message.proposal.validRound ?? 'new'} ${toHex(blockContentHash(message.proposal.block))}`;
      expectSame(said, `${toHex(authority)} ${type} of height ${height} round ${round}`, content);
    },
  };
}
