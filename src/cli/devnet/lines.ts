import { formatBytes, groupDigits } from '../text.ts';
import type { DevnetSnapshot } from './snapshot.ts';

/** What happens to a local network, one line each: text for people and logs, JSON for programs. */
export type DevnetEvent =
  | { readonly event: 'ready'; readonly nodes: number; readonly api: readonly string[] }
  | { readonly event: 'round' | 'status'; readonly snapshot: DevnetSnapshot }
  | { readonly event: 'exited'; readonly node: string; readonly code: number | null; readonly log: string; readonly lastWords: string }
  | { readonly event: 'stopping' | 'stopped'; readonly reason: string };

export function eventText(event: DevnetEvent): string {
  switch (event.event) {
    case 'ready':
      return `ready: ${event.nodes} nodes; APIs at ${event.api.join(' ')}`;
    case 'round': {
      const { settledRound, heldOutLoss, accepted, rejected } = event.snapshot;
      return `round ${settledRound} settled: held-out loss ${decimals(heldOutLoss)}, proofs ${accepted ?? 0} accepted ${rejected ?? 0} rejected`;
    }
    case 'status': {
      const { height, round, trainingLoss, tokensPerSecond, nodes } = event.snapshot;
      const answering = nodes.filter((node) => node.state === 'running').length;
      const memory = nodes.reduce((sum, node) => sum + (node.memoryBytes ?? 0), 0);
      return `height ${height ?? 0}, round ${round ?? 0}, training loss ${decimals(trainingLoss)}, ${groupDigits(tokensPerSecond)} tokens/s, ${answering} of ${nodes.length} nodes answer, ${formatBytes(memory)}`;
    }
    case 'exited':
      return exitText(event);
    default:
      return `${event.event}: ${event.reason}`;
  }
}

export function exitText({ node, code, log, lastWords }: Extract<DevnetEvent, { event: 'exited' }>): string {
  return `${node} exited (${code === null ? 'killed' : `code ${code}`}): ${lastWords} [${log}]`;
}

/** One JSON object; amounts in wei as text. */
export function eventJson(event: DevnetEvent): string {
  return JSON.stringify(event, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

function decimals(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(4);
}
