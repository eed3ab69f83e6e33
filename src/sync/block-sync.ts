import type { FinalBlock } from '../codec/types.ts';

import type { Clock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import {
  BLOCKS_TIMEOUT_MS,
  MAX_BLOCKS_PER_RESPONSE,
  MAX_BLOCKS_RESPONSE_BYTES,
  REST_AFTER_FAULT_MS,
  SYNC_INTERVAL_MS,
  WRONG_BYTES_POINTS,
} from './limits.ts';
import type { SnapshotSync } from './snapshot-sync.ts';
import type { PeerRequests, SyncPeer } from './transport.ts';
import { blocksRequestCodec, blocksResponseCodec } from './wire.ts';

/** Fetches final blocks that peers have and this node has not. */
export interface BlockSync {
  start(): void;
  /** For good. A request under way is given up. */
  stop(): Promise<void>;
  /** Looks now instead of at the next interval. */
  nudge(): void;
  readonly status: { readonly current: number; readonly highest: number } | undefined;
}

export interface BlockSyncDependencies {
  readonly network: PeerRequests;
  readonly height: () => number;
  /** Verifies the certificate and applies; throws for a block that is not final or not next. */
  readonly commit: (final: FinalBlock) => Promise<void>;
  /** For a node further behind than `afterBlocks`. */
  readonly snapshot?: { readonly sync: SnapshotSync; readonly afterBlocks: number };
  /** Called after the head has moved, with the new height. */
  readonly imported: (height: number) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A peer this far ahead is simply one message faster: consensus itself will bring the block. */
const NORMAL_LEAD_BLOCKS = 1;

/** Codes of errors that say nothing about the blocks that were being applied. */
const OWN_FAULTS = /^(STORE_|CHAIN_CORRUPT|EXECUTION_STATE_MISSING)/;
const isOwnFault = (error: unknown) => isPolError(error) && OWN_FAULTS.test(error.code);

export function createBlockSync(dependencies: BlockSyncDependencies): BlockSync {
  const { network, height, commit, snapshot, imported, clock, log } = dependencies;
  let cancel: () => void = () => {};
  let running: Promise<void> | undefined;
  let started = false;
  const stopping = new AbortController();
  let status: BlockSync['status'];
  let heightAtLastLook = -1;

  /** The peer that says it is furthest ahead, of those not yet found to be of no use. */
  function best(useless: ReadonlySet<string>): SyncPeer | undefined {
    return network
      .peers()
      .filter((peer) => peer.height > height() && !useless.has(peer.id))
      .reduce<SyncPeer | undefined>((found, peer) => (found === undefined || peer.height > found.height ? peer : found), undefined);
  }

  /** @throws what the network, the codecs and the chain throw */
  async function fetchFrom(peer: string): Promise<void> {
    const from = height() + 1;
    const bytes = await network.request(peer, 'blocks', blocksRequestCodec.encode({ from, count: MAX_BLOCKS_PER_RESPONSE }), {
      maxBytes: 2 * MAX_BLOCKS_RESPONSE_BYTES,
      timeoutMs: BLOCKS_TIMEOUT_MS,
      signal: stopping.signal,
    });
    if (bytes.length === 0) return;
    try {
      for (const final of blocksResponseCodec.decode(bytes)) {
        if (stopping.signal.aborted) return;
        await commit(final);
      }
    } catch (error) {
      // A full disk is no fault of the peer's.
      if (isPolError(error) && !isOwnFault(error)) {
        network.penalise(peer, WRONG_BYTES_POINTS, `sent blocks that do not verify: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /** Asks one peer after the other, best first, until none is ahead. One that claims a height and does not bring blocks is passed over. */
  async function catchUp(): Promise<void> {
    const useless = new Set<string>();
    for (let peer = best(useless); peer !== undefined && !stopping.signal.aborted; peer = best(useless)) {
      const before = height();
      status = { current: before, highest: peer.height };
      try {
        await fetchFrom(peer.id);
      } catch (error) {
        if (isOwnFault(error)) throw error;
        useless.add(peer.id);
        log.debug({ peer: peer.id, reason: messageOf(error) }, 'could not fetch blocks');
      }
      if (height() === before) useless.add(peer.id);
    }
  }

  /** To a recent state; where none is to be had, all blocks do as well. */
  async function jump(sync: SnapshotSync): Promise<void> {
    if (!(await sync.run(stopping.signal))) log.info({ height: height() }, 'no snapshot is served now; importing block by block');
  }

  async function look(): Promise<void> {
    const before = height();
    const stalled = before === heightAtLastLook;
    heightAtLastLook = before;
    const ahead = best(new Set());
    if (ahead === undefined || (ahead.height <= before + NORMAL_LEAD_BLOCKS && !stalled)) return;
    if (ahead.height > before + NORMAL_LEAD_BLOCKS) log.info({ height: before, highest: ahead.height }, 'catching up');
    status = { current: before, highest: ahead.height };
    try {
      if (snapshot !== undefined && ahead.height - before > snapshot.afterBlocks) await jump(snapshot.sync);
      await catchUp();
    } finally {
      status = undefined;
      if (height() > before && !stopping.signal.aborted) await imported(height());
    }
  }

  function run(): void {
    if (!started || stopping.signal.aborted || running !== undefined) return;
    cancel();
    running = look()
      .then(
        () => SYNC_INTERVAL_MS,
        (error) => {
          if (stopping.signal.aborted) return 0;
          if (!isOwnFault(error)) {
            log.warn({ reason: messageOf(error) }, 'synchronisation failed; trying again');
            return SYNC_INTERVAL_MS;
          }
          // What is final is safe, and what was fetched is kept: it goes on when there is room again.
          log.error({ reason: messageOf(error) }, 'synchronisation rests: this node cannot write');
          return REST_AFTER_FAULT_MS;
        },
      )
      .then((pauseMs) => {
        running = undefined;
        if (!stopping.signal.aborted) cancel = clock.after(pauseMs, run);
      });
  }

  return {
    start() {
      started = true;
      cancel = clock.after(SYNC_INTERVAL_MS, run);
    },
    async stop() {
      stopping.abort();
      cancel();
      await running;
    },
    nudge: run,
    get status() {
      return status;
    },
  };
}
