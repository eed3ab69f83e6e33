import { blockContentHash } from '../codec/blocks.ts';
import { operationId } from '../codec/operations.ts';
import type { ConsensusMessage, FinalBlock } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';

/** Watches a run for what must never happen, whatever fails and whoever lies (fewer than a third). */
export interface SafetyObserver {
  onBoot(node: number, height: number): void;
  onCommit(node: number, final: FinalBlock): void;
  onSpoken(message: ConsensusMessage): void;
  report(violation: string): void;
  /** What went wrong, in words; empty when nothing did. */
  readonly violations: readonly string[];
}

export function createSafetyObserver(): SafetyObserver {
  const finalAt = new Map<number, string>();
  const heights = new Map<number, number>();
  const said = new Map<string, string>();
  const included = new Set<string>();
  const violations: string[] = [];
  const report = (violation: string) => void violations.push(violation);

  return {
    violations,
    report,
    /** A block that a node called final is on its disk. */
    onBoot(node, height) {
      const before = heights.get(node) ?? 0;
      if (height < before) report(`node ${node} lost final blocks: it was at height ${before} and starts at ${height}`);
    },
    onCommit(node, { block, certificate }) {
      const { height } = certificate;
      const hash = toHex(certificate.blockHash);
      const expected = (heights.get(node) ?? 0) + 1;
      // A batch that a crash interrupted may have become durable: the node knows by then, the observer does not.
      if (height < expected) report(`node ${node} committed height ${height} twice`);
      heights.set(node, height);
      const before = finalAt.get(height);
      if (before !== undefined) {
        if (before !== hash) report(`height ${height} has two final blocks: ${before} and ${hash}`);
        return;
      }
      finalAt.set(height, hash);
      for (const signed of block.operations) {
        const id = toHex(operationId(signed));
        if (included.has(id)) report(`operation ${id} is in two final blocks`);
        included.add(id);
      }
    },
    /** What an honest authority signs for a place, it signs for that place for ever. */
    onSpoken(message) {
      const { authority, height, round } = message.kind === 'vote' ? message.vote : message.proposal;
      const type = message.kind === 'vote' ? message.vote.type : 'proposal';
      const place = `${toHex(authority)} ${type} of height ${height} round ${round}`;
      const content = contentOf(message);
      const before = said.get(place);
      if (before === undefined) said.set(place, content);
      else if (before !== content) report(`${place}: first ${before}, then ${content}`);
    },
  };
}

function contentOf(message: ConsensusMessage): string {
  if (message.kind === 'vote') return message.vote.blockHash === undefined ? 'nil' : toHex(message.vote.blockHash);
  return `${message.proposal.validRound ?? 'new'} ${toHex(blockContentHash(message.proposal.block))}`;
}
