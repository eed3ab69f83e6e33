import { concatBytes } from '../primitives/bytes.ts';
import { isRecovered, keepRecovered, PUBLIC_KEY_BYTES, RECOVERY_BYTES, recoverKey } from './crypto.ts';
import { MAX_SLICE_MS } from './limits.ts';
import { signatureOf } from './transactions.ts';
import type { Pace } from './watch.ts';

/** Another thread's `recoverKeys` (crypto.ts). */
export type RecoverElsewhere = (recoveries: Uint8Array) => Promise<Uint8Array>;

/** Fewer than this are recovered sooner here than a message to another thread takes. */
const LEAST_FOR_THREADS = 8;

/**
 * Recovers the senders of many transactions before they are decoded one by one: on the threads given, and a share on this one, in slices.
 * What is remembered costs nothing; what does not decode, or recovers no key, is left for `decodeTransaction` to refuse.
 */
export async function recoverSenders(
  raws: readonly Uint8Array[],
  dependencies: { readonly threads: readonly RecoverElsewhere[]; readonly pace: Pace },
): Promise<void> {
  const { threads, pace } = dependencies;
  const missing: Uint8Array[] = [];
  let sliceEnd = pace.now() + MAX_SLICE_MS;
  async function rest(): Promise<void> {
    if (pace.now() < sliceEnd) return;
    await pace.turn();
    sliceEnd = pace.now() + MAX_SLICE_MS;
  }

  for (const raw of raws) {
    const recovery = signatureOf(raw);
    if (recovery !== undefined && !isRecovered(recovery)) missing.push(recovery);
    await rest();
  }
  const parts = missing.length < LEAST_FOR_THREADS ? 1 : threads.length + 1;
  const size = Math.ceil(missing.length / parts);
  // Settled from the start: a thread that dies leaves its share to be recovered when it is needed.
  const shared = threads.slice(0, parts - 1).map(async (recover, index) => {
    const share = missing.slice(size * (index + 1), size * (index + 2));
    if (share.length === 0) return;
    const keys = await recover(concatBytes(...share));
    for (const [i, recovery] of share.entries()) {
      const key = keys.slice(i * PUBLIC_KEY_BYTES, (i + 1) * PUBLIC_KEY_BYTES);
      if (key.length === PUBLIC_KEY_BYTES && key.some((byte) => byte !== 0)) keepRecovered(recovery.slice(0, RECOVERY_BYTES), key);
    }
  });
  const elsewhere = Promise.allSettled(shared);
  for (const recovery of missing.slice(0, size)) {
    try {
      recoverKey(recovery);
    } catch {
      // No key: decoding says so.
    }
    await rest();
  }
  await elsewhere;
}

/** Recovers senders for whoever asks, those asked for at one time together. */
export interface SenderRecovery {
  /** Resolves when the senders of these transactions need no recovery any more. */
  prepare(raws: readonly Uint8Array[]): Promise<void>;
}

export function createSenderRecovery(dependencies: { readonly threads: readonly RecoverElsewhere[]; readonly pace: Pace }): SenderRecovery {
  let waiting: Uint8Array[] = [];
  let next: Promise<void> | undefined;
  let running: Promise<void> = Promise.resolve();

  async function run(before: Promise<void>): Promise<void> {
    // While one lot is on its way the next gathers.
    await before;
    await dependencies.pace.turn();
    const raws = waiting;
    waiting = [];
    next = undefined;
    await recoverSenders(raws, dependencies);
  }

  return {
    prepare(raws) {
      waiting.push(...raws);
      if (next === undefined) {
        next = run(running);
        running = next;
      }
      return next;
    },
  };
}
