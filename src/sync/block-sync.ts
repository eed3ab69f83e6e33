import type { FinalBlock } from '../codec/types.ts';
import type { Network } from '../network/network.ts';
import type { Clock } from '../primitives/clock.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import { BLOCKS_TIMEOUT_MS, MAX_BLOCKS_PER_RESPONSE, MAX_BLOCKS_RESPONSE_BYTES, SYNC_INTERVAL_MS, WRONG_BYTES_POINTS } from './limits.ts';
import { blocksRequestCodec, blocksResponseCodec } from './wire.ts';

/** Fetches final blocks that peers have and this node has not. */
export interface BlockSync {
  start(): void;
  stop(): Promise<void>;
  /** Looks now instead of at the next interval. */
  nudge(): void;
  readonly status: { readonly current: number; readonly highest: number } | undefined;
}

export interface BlockSyncDependencies {
  readonly network: Network;
  readonly height: () => number;
  /** Verifies the certificate and applies; throws for a block that is not final or not next. */
  readonly commit: (final: FinalBlock) => Promise<void>;
  /** Called after blocks were imported, with the new height. */
  readonly imported: (height: number) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A peer this far ahead is simply one message faster: consensus itself will bring the block. */
const NORMAL_LEAD_BLOCKS = 1;

export function createBlockSync(dependencies: BlockSyncDependencies): BlockSync {
  const { network, height, commit, imported, clock, log } = dependencies;
  let cancel: () => void = () => {};
  let running: Promise<void> | undefined;
  let stopped = true;
  let status: BlockSync['status'];
  let heightAtLastLook = -1;

  function best(): { readonly id: string; readonly height: number } | undefined {
    return network
      .peers()
      .reduce<{ id: string; height: number } | undefined>(
        (found, peer) => (peer.height > (found?.height ?? height()) ? { id: peer.id, height: peer.height } : found),
        undefined,
      );
  }

  async function fetchFrom(peer: string): Promise<number> {
    const from = height() + 1;
    const bytes = await network.request(peer, 'blocks', blocksRequestCodec.encode({ from, count: MAX_BLOCKS_PER_RESPONSE }), {
      maxBytes: 2 * MAX_BLOCKS_RESPONSE_BYTES,
      timeoutMs: BLOCKS_TIMEOUT_MS,
    });
    if (bytes.length === 0) return 0;
    try {
      const blocks = blocksResponseCodec.decode(bytes);
      for (const final of blocks) {
        if (stopped) break;
        await commit(final);
      }
      return blocks.length;
    } catch (error) {
      network.penalise(peer, WRONG_BYTES_POINTS, `sent blocks that do not verify: ${messageOf(error)}`);
      throw error;
    }
  }

  async function look(): Promise<void> {
    const stalled = height() === heightAtLastLook;
    heightAtLastLook = height();
    const ahead = best();
    if (ahead === undefined || (ahead.height <= height() + NORMAL_LEAD_BLOCKS && !stalled)) return;
    const before = height();
    status = { current: before, highest: ahead.height };
    if (ahead.height > before + NORMAL_LEAD_BLOCKS) log.info({ height: before, highest: ahead.height }, 'catching up');
    try {
      for (let peer = best(); peer !== undefined && !stopped; peer = best()) {
        status = { current: height(), highest: peer.height };
        if ((await fetchFrom(peer.id)) === 0) break;
      }
    } catch (error) {
      log.debug({ peer: ahead.id, reason: messageOf(error) }, 'could not fetch blocks');
    } finally {
      status = undefined;
      if (height() > before) await imported(height());
    }
  }

  function schedule(): void {
    cancel = clock.after(SYNC_INTERVAL_MS, run);
  }

  function run(): void {
    if (stopped || running !== undefined) return;
    cancel();
    running = look()
      .catch((error) => log.warn({ reason: messageOf(error) }, 'block sync failed'))
      .finally(() => {
        running = undefined;
        if (!stopped) schedule();
      });
  }

  return {
    start() {
      stopped = false;
      schedule();
    },
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
    nudge: run,
    get status() {
      return status;
    },
  };
}
