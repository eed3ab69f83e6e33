import { open, rename, rm, stat } from 'node:fs/promises';
import type { Connection } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { ASSET_PART_BYTES } from '../codec/limits.ts';
import { concatBytes, uint64BE } from '../primitives/bytes.ts';
import { type Clock, systemClock } from '../primitives/clock.ts';
import { isPolError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { parseAddress } from './address.ts';
import { createDeadline, pause } from './deadline.ts';
import { networkError, reasonOf } from './errors.ts';
import { DIAL_BACKOFF_FIRST_MS } from './limits.ts';
import { generatePeerKey, libp2pKey } from './peer-key.ts';
import { ASSET } from './protocols.ts';
import { ask } from './requests.ts';

/** Turns in which every boot node answered and none gave the file; one that is merely busy has it by then. */
const MAX_FRUITLESS_TURNS = 3;

export interface AssetWish {
  readonly hash: Hash;
  /** Where the file shall lie. */
  readonly path: string;
  readonly maxBytes: number;
  readonly isWhole: (path: string) => Promise<boolean>;
}

/** The body of a request: a hash, and where the wanted part begins. */
export function assetRequest(hash: Hash, offset: number): Uint8Array {
  return concatBytes(hash, uint64BE(offset));
}

/**
 * Asks boot nodes for a file that the genesis names by its hash, before this node takes part. One after the other is asked, over and over,
 * part by part; what came in part is gone on with, whoever sent it. The file appears under its name only when it has the hash.
 * @throws NETWORK_BAD_ADDRESS, NETWORK_UNREACHABLE when no boot node gave it within `timeoutMs`, or all of them answered that they do not
 */
export async function fetchAsset(
  wish: AssetWish,
  options: { readonly bootNodes: readonly string[]; readonly timeoutMs: number; readonly signal?: AbortSignal },
  deps: { readonly clock?: Clock } = {},
): Promise<void> {
  const clock = deps.clock ?? systemClock;
  const addresses = options.bootNodes.map(parseAddress);
  const { createClient } = await import('./libp2p-node.ts');
  const client = await createClient({ privateKey: libp2pKey(generatePeerKey()), maxConnections: addresses.length, gater: {} });
  const deadline = createDeadline(options.timeoutMs, `a file from ${options.bootNodes.join(', ')}`, clock, options.signal);
  const partial = `${wish.path}.partial`;
  const failures = new Map<string, string>();

  /** True when the file is whole; false when this node has no more of it. */
  async function takeFrom(connection: Connection): Promise<boolean> {
    let at = await stat(partial).then(
      ({ size }) => size,
      () => 0,
    );
    const file = await open(partial, at > 0 ? 'r+' : 'w');
    try {
      for (;;) {
        const bytes = await ask(connection, ASSET, assetRequest(wish.hash, at), ASSET_PART_BYTES, deadline.signal);
        for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
        at += bytes.length;
        if (at > wish.maxBytes) throw networkError('NETWORK_TOO_LARGE', `it sends more than ${wish.maxBytes} bytes`);
        if (bytes.length < ASSET_PART_BYTES) break;
      }
    } finally {
      await file.close();
    }
    if (at === 0) return false;
    if (await wish.isWhole(partial)) return true;
    // Somebody's bytes were wrong, and nobody knows whose: the next begins anew.
    await rm(partial, { force: true });
    throw networkError('NETWORK_REFUSED', 'what it sent has another hash');
  }

  try {
    await client.start();
    for (let fruitless = 0; fruitless < MAX_FRUITLESS_TURNS; ) {
      let answered = 0;
      for (const [i, address] of addresses.entries()) {
        let connection: Connection | undefined;
        try {
          connection = await client.dial(multiaddr(address), { signal: deadline.signal });
          if (await takeFrom(connection)) {
            await rename(partial, wish.path);
            return;
          }
          failures.set(options.bootNodes[i] ?? address, 'it does not have the file');
          answered++;
        } catch (error) {
          if (isPolError(error, 'NETWORK_TOO_LARGE')) await rm(partial, { force: true });
          if (isPolError(error, 'NETWORK_REFUSED')) answered++;
          if (!deadline.signal.aborted) failures.set(options.bootNodes[i] ?? address, reasonOf(error));
        } finally {
          connection?.abort(new Error('the question is answered'));
        }
        deadline.signal.throwIfAborted();
      }
      if (answered === addresses.length) fruitless++;
      if (fruitless < MAX_FRUITLESS_TURNS) await pause(DIAL_BACKOFF_FIRST_MS, clock, deadline.signal);
    }
    throw networkError('NETWORK_REFUSED', 'all of them answered');
  } catch (cause) {
    if (deadline.signal.aborted && !isPolError(deadline.signal.reason, 'NETWORK_TIMEOUT')) throw deadline.signal.reason;
    const reasons = [...failures].map(([name, reason]) => `${name}: ${reason}`).join('; ');
    throw networkError(
      'NETWORK_UNREACHABLE',
      `no boot node gave the file${reasons === '' ? ` within ${options.timeoutMs} ms` : ` (${reasons})`}`,
      {
        cause,
      },
    );
  } finally {
    deadline.clear();
    await client.stop();
  }
}
