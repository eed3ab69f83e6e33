import type { HeaderStore } from '../chain/header-store.ts';
import { authoritySetHash } from '../codec/authority-set.ts';
import { headerHash } from '../codec/blocks.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { syncError } from './errors.ts';
import { fetchOne } from './fetch-one.ts';
import { MAX_HEADERS_RESPONSE_BYTES } from './limits.ts';
import type { SwarmDependencies } from './swarm.ts';
import { type HeadersResponse, headersRequestCodec, headersResponseCodec } from './wire.ts';

/** A header that somebody vouches for outside of the chain: its certificate need not be checked. */
export interface PinnedHeader {
  readonly height: number;
  readonly hash: Hash;
}

/**
 * Begins a header store at a pinned header instead of at the genesis. The header names the set that decides on the next one, so that
 * `syncHeaders` goes on from there as from any other.
 * @returns false when nobody serves the header, or the set that it names
 */
export async function beginAtPinned(
  { height, hash }: PinnedHeader,
  dependencies: SwarmDependencies & { readonly store: KeyValueStore; readonly headers: Pick<HeaderStore, 'append'> },
  signal: AbortSignal,
): Promise<boolean> {
  const fetchAt = <T>(from: number, accept: (response: HeadersResponse) => T) =>
    fetchOne<T>(
      {
        protocol: 'headers',
        request: headersRequestCodec.encode({ from, count: 1 }),
        maxBytes: 2 * MAX_HEADERS_RESPONSE_BYTES,
        height: from,
        accept: (bytes) => accept(headersResponseCodec.decode(bytes)),
      },
      dependencies,
      signal,
    );
  const pinned = await fetchAt(height, ({ headers: [found] }) => {
    if (found === undefined || !equalBytes(headerHash(found.header), hash)) {
      throw syncError('SYNC_WRONG_BYTES', `header ${height} is not the pinned one, ${toHex(hash)}`);
    }
    return found;
  });
  if (pinned === undefined) return false;
  const set = await fetchAt(height + 1, ({ sets: [first] }) => {
    if (first === undefined || !equalBytes(authoritySetHash(first), pinned.header.nextAuthorities)) {
      throw syncError('SYNC_WRONG_BYTES', `not the authority set that header ${height} names`);
    }
    return first;
  });
  if (set === undefined) return false;
  await dependencies.store.write(dependencies.headers.append([pinned], [set]));
  return true;
}
