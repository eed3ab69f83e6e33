import type { Io } from './io.ts';

/** A signal within this time of the first is the same Ctrl-C: npm forwards what the terminal has already sent. */
const SAME_INTERRUPT_MS = 1000;
/** As shells say it: 128 + SIGINT. */
const EXIT_INTERRUPTED = 130;

/**
 * Calls back on the first SIGINT or SIGTERM; on a second one it gives up order: `abandon`, then the end of the process.
 * @returns the way to stop listening
 */
export function onStopRequest(io: Io, request: (signal: string) => void, abandon: () => void = () => {}): () => void {
  let firstAt: number | undefined;
  return io.onInterrupt((signal) => {
    if (firstAt === undefined) {
      firstAt = io.clock.now();
      request(signal);
    } else if (io.clock.now() - firstAt > SAME_INTERRUPT_MS) {
      abandon();
      io.exitNow(EXIT_INTERRUPTED);
    }
  });
}
