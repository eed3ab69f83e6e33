import { type Io, sleep } from '../io.ts';
import { createProgress } from '../progress.ts';
import { formatDuration } from '../text.ts';
import type { NodeChild } from './child.ts';

const KILL_AFTER_MS = 15_000;
const PROGRESS_INTERVAL_MS = 250;

/**
 * Stops trainers, then authorities: a trainer that leaves can still be answered. Whoever has not stopped after fifteen seconds is
 * killed; what was final is on its disk all the same.
 */
export async function stopChildren(children: readonly NodeChild[], io: Io): Promise<void> {
  for (const role of ['trainer', 'authority'] as const) {
    await stopGroup(
      children.filter((child) => child.node.role === role),
      io,
    );
  }
}

async function stopGroup(children: readonly NodeChild[], io: Io): Promise<void> {
  const progress = createProgress(io.err, io.clock.now);
  const startedAt = io.clock.now();
  const running = () => children.filter((child) => !child.hasExited());
  for (const child of running()) child.stop();
  const allExited = Promise.all(children.map((child) => child.exited));
  const tick = new AbortController();
  void allExited.then(() => tick.abort());
  while (running().length > 0 && !tick.signal.aborted) {
    const waited = io.clock.now() - startedAt;
    if (waited >= KILL_AFTER_MS) {
      for (const child of running()) {
        io.err.write(`${child.node.name} did not stop in ${formatDuration(KILL_AFTER_MS)} and is killed\n`);
        child.kill();
      }
      break;
    }
    const names = running().map((child) => child.node.name);
    progress.update(`stopping ${names.join(', ')} … ${formatDuration(waited)}`);
    await sleep(io.clock, PROGRESS_INTERVAL_MS, tick.signal);
  }
  await allExited;
  progress.clear();
}
