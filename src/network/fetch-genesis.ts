import type { Connection } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { type Clock, systemClock } from '../primitives/clock.ts';
import { isPolError } from '../primitives/errors.ts';
import { parseAddress } from './address.ts';
import { createDeadline } from './deadline.ts';
import { networkError, reasonOf } from './errors.ts';
import { DIAL_BACKOFF_FIRST_MS, MAX_GENESIS_BYTES } from './limits.ts';
import { generatePeerKey, libp2pKey } from './peer-key.ts';
import { GENESIS } from './protocols.ts';
import { ask } from './requests.ts';

/**
 * Asks boot nodes for the genesis document of their network, before this node belongs to any. A throw-away identity
 * connects and leaves; nodes that are not up yet are tried again until the time is over.
 *
 * @returns the document's bytes from the first node that has one. Its hash must be checked, or trusted on first use
 * @throws NETWORK_BAD_ADDRESS, NETWORK_UNREACHABLE when no boot node answered in `timeoutMs`
 */
export async function fetchGenesis(
  options: { readonly bootNodes: readonly string[]; readonly timeoutMs: number; readonly signal?: AbortSignal },
  deps: { readonly clock?: Clock } = {},
): Promise<Uint8Array> {
  const clock = deps.clock ?? systemClock;
  const addresses = options.bootNodes.map(parseAddress);
  const names = options.bootNodes.join(', ');
  if (addresses.length === 0)
    throw networkError('NETWORK_UNREACHABLE', 'no boot node to ask for the genesis: name one, or give a genesis file');

  const { createClient } = await import('./libp2p-node.ts');
  const client = await createClient({ privateKey: libp2pKey(generatePeerKey()), maxConnections: addresses.length, gater: {} });
  const deadline = createDeadline(options.timeoutMs, `genesis from ${names}`, clock, options.signal);
  const failures = new Map<string, string>();
  const found = new AbortController();

  async function askOne(address: string, name: string): Promise<Uint8Array> {
    for (;;) {
      let connection: Connection | undefined;
      try {
        connection = await client.dial(multiaddr(address), { signal: deadline.signal });
        const bytes = await ask(connection, GENESIS, new Uint8Array(), MAX_GENESIS_BYTES, deadline.signal);
        if (bytes.length > 0) return bytes;
        failures.set(name, 'it has no genesis');
      } catch (error) {
        if (!deadline.signal.aborted) failures.set(name, reasonOf(error));
      } finally {
        connection?.abort(new Error('the question is answered'));
      }
      if (deadline.signal.aborted || found.signal.aborted) throw networkError('NETWORK_UNREACHABLE', name);
      await pause(DIAL_BACKOFF_FIRST_MS, clock, [deadline.signal, found.signal]);
    }
  }

  try {
    await client.start();
    return await Promise.any(addresses.map((address, i) => askOne(address, options.bootNodes[i] ?? address)));
  } catch (cause) {
    // The caller's own abort stays what it is.
    if (deadline.signal.aborted && !isPolError(deadline.signal.reason, 'NETWORK_TIMEOUT')) throw deadline.signal.reason;
    const reasons = [...failures].map(([name, reason]) => `${name}: ${reason}`).join('; ');
    throw networkError(
      'NETWORK_UNREACHABLE',
      `no boot node (${names}) gave the genesis within ${options.timeoutMs} ms${reasons === '' ? '' : ` (${reasons})`}`,
      { cause },
    );
  } finally {
    found.abort();
    deadline.clear();
    await client.stop();
  }
}

function pause(ms: number, clock: Clock, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    for (const signal of signals) signal.addEventListener('abort', done, { once: true });
  });
}
