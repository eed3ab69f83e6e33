import type { NodeClient, Receipt } from './client.ts';
import { cliError } from './errors.ts';
import { type Io, sleep } from './io.ts';
import { createProgress } from './progress.ts';
import { formatDuration } from './text.ts';

const POLL_INTERVAL_MS = 500;
export const DEFAULT_TIMEOUT_SECONDS = 120;

/** Asks again and again until there is an answer. @throws CLI_TIMEOUT when there was none in time */
export async function waitFor<T>(
  ask: () => Promise<T | undefined>,
  { what, timeoutMs, hint = '' }: { readonly what: string; readonly timeoutMs: number; readonly hint?: string },
  io: Io,
): Promise<T> {
  const progress = createProgress(io.err, io.clock.now);
  const startedAt = io.clock.now();
  try {
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      const waited = io.clock.now() - startedAt;
      if (waited >= timeoutMs) throw cliError('CLI_TIMEOUT', `${what} did not come in ${formatDuration(waited)}${hint}`);
      progress.update(`waiting for ${what} … ${formatDuration(waited)}`);
      await sleep(io.clock, POLL_INTERVAL_MS);
    }
  } finally {
    progress.clear();
  }
}

/** @throws CLI_TIMEOUT when no block held the transaction in time; it stays pending */
export function waitForReceipt(hash: string, timeoutMs: number, client: NodeClient, io: Io): Promise<Receipt> {
  return waitFor(() => client.receipt(hash), { what: `a block with ${hash}`, timeoutMs, hint: '; it stays pending' }, io);
}
