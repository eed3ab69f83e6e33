import type { Clock } from '../primitives/clock.ts';
import { networkError } from './errors.ts';

export interface Deadline {
  /** Aborts when time is up (NETWORK_TIMEOUT) or when the caller's signal does (its reason). */
  readonly signal: AbortSignal;
  /** Must be called in the end: it frees the timer and the listener on the caller's signal. */
  clear(): void;
}

/** A time limit joined with a caller's signal, without leaving listeners on a signal that lives longer. */
export function createDeadline(timeoutMs: number, what: string, clock: Clock, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  const cancel = clock.after(timeoutMs, () =>
    controller.abort(networkError('NETWORK_TIMEOUT', `${what}: no answer within ${timeoutMs} ms`)),
  );
  const onParent = () => controller.abort(parent?.reason);
  if (parent?.aborted) onParent();
  else parent?.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    clear() {
      cancel();
      parent?.removeEventListener('abort', onParent);
    },
  };
}

/** Lets time pass. @throws the signal's reason when it aborts meanwhile */
export function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
