import { blockContentHash } from '../codec/blocks.ts';
import { operationId } from '../codec/operations.ts';
import type { ConsensusMessage, FinalBlock } from '../codec/types.ts';
import { toHex } from '../primitives/bytes.ts';

/** What must never happen, whatever fails and whoever lies (fewer than a third), in the words of reports. */
export const RULES = {
  fork: 'forks',
  lost: 'final blocks lost',
  contradiction: 'honest authorities that contradicted themselves',
  repeated: 'operations in two blocks',
  slashed: 'honest nodes slashed',
  rejected: 'right proofs rejected',
  forged: 'proofs accepted with the last segment forged',
  ruling: 'disputes ruled against what was done',
  stopped: 'honest nodes whose consensus stopped itself',
} as const;
export type Rule = keyof typeof RULES;

export interface Violation {
  readonly rule: Rule;
  readonly text: string;
}

/** Watches a run for broken rules. */
export interface SafetyObserver {
  onBoot(node: number, height: number): void;
  onCommit(node: number, final: FinalBlock): void;
  onSpoken(message: ConsensusMessage): void;
  report(rule: Rule, text: string): void;
  /** Empty when nothing went wrong. */
  readonly violations: readonly Violation[];
}

export function createSafetyObserver(): SafetyObserver {
  const finalAt = new Map<number, string>();
  const heights = new Map<number, number>();
  const said = new Map<string, string>();
  const included = new Set<string>();
  const violations: Violation[] = [];
  const report = (rule: Rule, text: string) => void violations.push({ rule, text });

  return {
    violations,
    report,
    /** A block that a node called final is on its disk. */
    onBoot(node, height) {
      const before = heights.get(node) ?? 0;
      if (height < before) report('lost', `node ${node} lost final blocks: it was at height ${before} and starts at ${height}`);
    },
    onCommit(node, { block, certificate }) {
      const { height } = certificate;
      const hash = toHex(certificate.blockHash);
      const expected = (heights.get(node) ?? 0) + 1;
      // A batch that a crash interrupted may have become durable: the node knows by then, the observer does not.
      if (height < expected) report('lost', `node ${node} committed height ${height} twice`);
      heights.set(node, height);
      const before = finalAt.get(height);
      if (before !== undefined) {
        if (before !== hash) report('fork', `height ${height} has two final blocks: ${before} and ${hash}`);
        return;
      }
      finalAt.set(height, hash);
      for (const signed of block.operations) {
        const id = toHex(operationId(signed));
        if (included.has(id)) report('repeated', `operation ${id} is in two final blocks`);
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
      else if (before !== content) report('contradiction', `${place}: first ${before}, then ${content}`);
    },
  };
}

function contentOf(message: ConsensusMessage): string {
  if (message.kind === 'vote') return message.vote.blockHash === undefined ? 'nil' : toHex(message.vote.blockHash);
  return `${message.proposal.validRound ?? 'new'} ${toHex(blockContentHash(message.proposal.block))}`;
}
