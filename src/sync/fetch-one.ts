import { syncError } from './errors.ts';
import { PIECE_TIMEOUT_MS } from './limits.ts';
import { type SwarmDependencies, swarm } from './swarm.ts';
import type { SyncProtocol } from './transport.ts';

/** One thing that any peer can bring. */
export interface Wanted<T> {
  readonly protocol: SyncProtocol;
  readonly request: Uint8Array;
  readonly maxBytes: number;
  /** Only peers that say they have reached this height are asked. */
  readonly height?: number;
  /** @throws when these are not the right bytes */
  accept(bytes: Uint8Array): T | Promise<T>;
}

/** Asks one peer after the other; undefined when none of them has it. @throws the signal's reason */
export async function fetchOne<T>(wanted: Wanted<T>, dependencies: SwarmDependencies, signal: AbortSignal): Promise<T | undefined> {
  let found: { readonly value: T } | undefined;
  let isOut = false;
  const asked = new Set<string>();
  await swarm<true>(
    {
      take({ id, height }) {
        if (isOut || asked.has(id) || height < (wanted.height ?? 0)) return undefined;
        asked.add(id);
        isOut = true;
        return true;
      },
      giveBack() {
        isOut = false;
      },
      async fetch(peer, _, abort) {
        const bytes = await dependencies.network.request(peer, wanted.protocol, wanted.request, {
          maxBytes: wanted.maxBytes,
          timeoutMs: PIECE_TIMEOUT_MS,
          signal: abort,
        });
        if (bytes.length === 0) return 'absent';
        try {
          found = { value: await wanted.accept(bytes) };
        } catch (error) {
          throw syncError('SYNC_WRONG_BYTES', `other bytes than asked for by "${wanted.protocol}"`, { cause: error });
        }
        return 'kept';
      },
      isDone: (usable) => found !== undefined || (!isOut && asked.size > 0 && usable.every(({ id }) => asked.has(id))),
    },
    dependencies,
    signal,
  );
  return found?.value;
}
