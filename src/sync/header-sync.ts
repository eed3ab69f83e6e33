import type { HeaderStore } from '../chain/header-store.ts';
import { authoritySetHash } from '../codec/authority-set.ts';
import { headerHash } from '../codec/blocks.ts';
import { verifyCertificate } from '../codec/certificate.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { syncError } from './errors.ts';
import {
  HEADER_WINDOW_BLOCKS,
  MAX_HEADERS_PER_RESPONSE,
  MAX_HEADERS_RESPONSE_BYTES,
  PIECE_TIMEOUT_MS,
  WRONG_BYTES_POINTS,
} from './limits.ts';
import { type Job, type SwarmDependencies, swarm } from './swarm.ts';
import type { SyncPeer } from './transport.ts';
import { type HeadersResponse, headersRequestCodec, headersResponseCodec, type RangeRequest } from './wire.ts';

/** Signatures are checked in turns of this many headers (some milliseconds), between which the node does its other work. */
const HEADERS_PER_TURN = 8;

export interface HeaderSyncDependencies extends SwarmDependencies {
  readonly store: KeyValueStore;
  readonly headers: HeaderStore;
  readonly genesisHash: Hash;
}

/** A verified run of headers that waits for the one before it. */
interface Run extends HeadersResponse {
  readonly peer: string;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Fetches headers with their certificates from where the store ends up to what peers have, ranges from several peers at once.
 * Each range stands on its own certificates, so that a wrong byte is known by its peer; ranges join by their parents' hashes and by
 * the authority set that the header before a range names. From the genesis on, each set is thus vouched for by a quorum of the
 * one before it, and a newcomer needs no state to follow its changes.
 *
 * @returns when no usable peer has more
 */
export async function syncHeaders(dependencies: HeaderSyncDependencies, signal: AbortSignal): Promise<void> {
  const { network, store, headers, genesisHash } = dependencies;
  let top = headers.top();
  let tip = tipHash();
  /** Hash of the set that decides on the header after the tip. */
  let nextSet = tipSet();
  /** First height that nobody was asked for. */
  let next = top + 1;
  /** Ranges to be asked for again, lowest first. */
  const again: RangeRequest[] = [];
  const ready = new Map<number, Run>();
  /** Peers whose certified headers do not follow ours: they have another history, which a quorum signed too. */
  const contradicting = new Set<string>();
  let joining: Promise<void> = Promise.resolve();

  function tipHash(): Hash {
    const held = headers.get(top);
    return held === undefined ? genesisHash : headerHash(held.header);
  }

  function tipSet(): Hash {
    const deciding = headers.deciding(top + 1);
    if (deciding === undefined) throw syncError('SYNC_SET_UNKNOWN', `the authority set after height ${top} is not held`);
    return authoritySetHash(deciding);
  }

  function take(peer: SyncPeer): RangeRequest | undefined {
    if (contradicting.has(peer.id)) return undefined;
    const repeated = again[0];
    if (repeated !== undefined && peer.height >= repeated.from) {
      again.shift();
      const count = Math.min(repeated.count, peer.height - repeated.from + 1);
      if (count < repeated.count) giveBack({ from: repeated.from + count, count: repeated.count - count });
      return { from: repeated.from, count };
    }
    const count = Math.min(MAX_HEADERS_PER_RESPONSE, peer.height - next + 1, top + HEADER_WINDOW_BLOCKS - next + 1);
    if (count <= 0) return undefined;
    const range = { from: next, count };
    next += count;
    return range;
  }

  function giveBack(range: RangeRequest): void {
    again.push(range);
    again.sort((a, b) => a.from - b.from);
  }

  /** @throws SYNC_WRONG_BYTES, CERTIFICATE_* */
  async function verify(range: RangeRequest, { headers: found, sets }: HeadersResponse): Promise<void> {
    const require = (holds: boolean, height: number, rule: string) => {
      if (!holds) throw syncError('SYNC_WRONG_BYTES', `header ${height}: ${rule}`);
    };
    require(found.length <= range.count, range.from, `${found.length} headers came where ${range.count} were asked for`);
    let parent: Hash | undefined;
    let place = 0;
    let authorities = sets[place] ?? [];
    for (const [i, { header, certificate }] of found.entries()) {
      const height = range.from + i;
      require(header.height === height && certificate.height === height, height, 'is not the one asked for');
      require(parent === undefined || equalBytes(parent, header.parentHash), height, 'does not follow the one before');
      parent = headerHash(header);
      require(equalBytes(parent, certificate.blockHash), height, 'the certificate is another block’s');
      // Whether the first set is the right one shows when the range joins the one before it.
      verifyCertificate(certificate, { genesisHash, authorities });
      if (i + 1 < found.length && !equalBytes(header.nextAuthorities, authoritySetHash(authorities))) {
        authorities = sets[++place] ?? [];
        require(equalBytes(header.nextAuthorities, authoritySetHash(authorities)), height + 1, 'the authority set is not the one named');
      }
      if (i % HEADERS_PER_TURN === 0) await nextTurn();
    }
    require(place === sets.length - 1, range.from, `${sets.length} authority sets came where ${place + 1} decided`);
  }

  /** Stores runs in order, so that what is stored has no gap at any instant. */
  async function join(): Promise<void> {
    for (let run = ready.get(top + 1); run !== undefined; run = ready.get(top + 1)) {
      const [first] = run.headers;
      const last = run.headers.at(-1);
      if (first === undefined || last === undefined) return;
      ready.delete(top + 1);
      if (!equalBytes(first.header.parentHash, tip) || !equalBytes(authoritySetHash(run.sets[0] ?? []), nextSet)) {
        contradicting.add(run.peer);
        network.penalise(run.peer, WRONG_BYTES_POINTS, `header ${top + 1} does not follow the one before`);
        giveBack({ from: top + 1, count: run.headers.length });
        return;
      }
      await store.write(headers.append(run.headers, run.sets));
      top = last.header.height;
      tip = headerHash(last.header);
      nextSet = last.header.nextAuthorities;
    }
  }

  const job: Job<RangeRequest> = {
    take,
    giveBack,
    async fetch(peer, range, abort) {
      const bytes = await network.request(peer, 'headers', headersRequestCodec.encode(range), {
        maxBytes: 2 * MAX_HEADERS_RESPONSE_BYTES,
        timeoutMs: PIECE_TIMEOUT_MS,
        signal: abort,
      });
      if (bytes.length === 0) return 'absent';
      const response = headersResponseCodec.decode(bytes);
      const { headers: found } = response;
      if (found.length === 0) return 'absent';
      await verify(range, response);
      if (found.length < range.count) giveBack({ from: range.from + found.length, count: range.count - found.length });
      ready.set(range.from, { ...response, peer });
      joining = joining.then(join, join);
      await joining;
      return 'kept';
    },
    isDone(usable) {
      const agreeing = usable.filter(({ id }) => !contradicting.has(id));
      return agreeing.length > 0 && agreeing.every((peer) => peer.height <= top);
    },
  };
  await swarm(job, dependencies, signal);
}
