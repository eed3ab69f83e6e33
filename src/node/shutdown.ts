import { messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';

/** What was started, to be stopped in reverse order, once. */
export interface Shutdown {
  add(name: string, stop: () => Promise<unknown>): void;
  run(): Promise<void>;
}

export function createShutdown(log: Logger): Shutdown {
  const parts: { readonly name: string; readonly stop: () => Promise<unknown> }[] = [];
  let running: Promise<void> | undefined;

  async function stopAll(): Promise<void> {
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      try {
        await part.stop();
        log.debug({ part: part.name }, 'stopped');
      } catch (error) {
        // The others still must stop: a store that is not closed is worse than a line in the log.
        log.error({ part: part.name, reason: messageOf(error) }, 'did not stop cleanly');
      }
    }
  }

  return {
    add: (name, stop) => parts.push({ name, stop }),
    run: () => (running ??= stopAll()),
  };
}
