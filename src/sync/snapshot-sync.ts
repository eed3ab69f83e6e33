import type { Chain } from '../chain/chain.ts';
import type { FinalBlock } from '../codec/types.ts';
import { BLOCK_HASH_WINDOW } from '../execution/engine.ts';
import { readSealedPayload, type SealedPayload } from '../execution/sealed-payload.ts';
import type { Hash } from '../primitives/hash.ts';
import { certifiedHeader, fetchCertifiedBlocks, fetchCertifiedState } from './certified.ts';
import { type HeaderSyncDependencies, syncHeaders } from './header-sync.ts';
import { MAX_BLOCKS_PER_RESPONSE, MAX_SNAPSHOT_AGE_BLOCKS, SNAPSHOT_SPACING_BLOCKS } from './limits.ts';
import type { Anchor, SnapshotStore } from './snapshot-store.ts';
import { syncState } from './state-sync.ts';

export interface SnapshotSyncDependencies extends HeaderSyncDependencies {
  readonly chain: Pick<Chain, 'height' | 'adopt'>;
  readonly progress: SnapshotStore;
}

/**
 * Brings a node that is far behind close to the head without executing what lies between: headers with certificates, then the
 * protocol state and the execution state at a recent height, each byte held against the header there. Whatever was fetched is
 * kept, so that the next call goes on where this one stopped.
 */
export interface SnapshotSync {
  /** True when the head has moved; false when nothing near enough is served now, or nothing is to be gained. */
  run(signal: AbortSignal): Promise<boolean>;
}

interface Withdrawals {
  /** EIP-4895 index. */
  readonly next: bigint;
  /** The blocks that prove it. */
  readonly shown: readonly FinalBlock[];
}

export function createSnapshotSync(dependencies: SnapshotSyncDependencies): SnapshotSync {
  const { headers, chain, progress, log } = dependencies;

  /**
   * The number of withdrawals up to a height, by the last block that has any: withdrawals are numbered. Mostly that is within
   * a round or two; on a chain that never paid anybody it means every block, which are small there.
   */
  async function countWithdrawals(height: number, payload: SealedPayload, signal: AbortSignal): Promise<Withdrawals | undefined> {
    if (payload.lastWithdrawal !== undefined) return { next: payload.lastWithdrawal + 1n, shown: [] };
    const shown: FinalBlock[] = [];
    let count = MAX_BLOCKS_PER_RESPONSE;
    for (let end = height - 1; end >= 1; ) {
      const from = Math.max(1, end - count + 1);
      const wanted = end - from + 1;
      const found = await fetchCertifiedBlocks(from, wanted, dependencies, signal);
      if (found === undefined || found.length < wanted) {
        // They are too large for one answer, or peers hold them only from somewhere between.
        if (found === undefined && wanted === 1) return undefined;
        count = Math.max(1, Math.floor(wanted / 2));
        continue;
      }
      for (const each of [...found].reverse()) {
        shown.push(each.final);
        if (each.payload.lastWithdrawal !== undefined) return { next: each.payload.lastWithdrawal + 1n, shown };
      }
      end = from - 1;
    }
    return { next: 0n, shown };
  }

  /** What was begun, when it is still of use; else the newest snapshot height that is served. */
  async function findAnchor(signal: AbortSignal): Promise<Anchor | undefined> {
    const top = headers.top();
    const begun = progress.get();
    if (begun !== undefined) {
      const { height } = begun.final.block.header;
      if (height > chain.height && top - height <= MAX_SNAPSHOT_AGE_BLOCKS) return begun;
    }
    const height = top - (top % SNAPSHOT_SPACING_BLOCKS);
    if (height <= chain.height) return undefined;
    const state = await fetchCertifiedState(height, dependencies, signal);
    const [block] = (await fetchCertifiedBlocks(height, 1, dependencies, signal)) ?? [];
    if (state === undefined || block === undefined) return undefined;
    const withdrawals = await countWithdrawals(height, block.payload, signal);
    if (withdrawals === undefined) return undefined;
    const anchor = { final: block.final, state, nextWithdrawal: withdrawals.next };
    await progress.put(anchor, withdrawals.shown);
    return anchor;
  }

  function ancestorsOf(height: number): readonly { readonly number: number; readonly hash: Hash }[] {
    const first = Math.max(1, height - BLOCK_HASH_WINDOW);
    return Array.from({ length: height - first }, (_, i) => ({
      number: first + i,
      hash: certifiedHeader(dependencies, first + i).executionHash,
    }));
  }

  return {
    async run(signal) {
      await syncHeaders(dependencies, signal);
      const anchor = await findAnchor(signal);
      if (anchor === undefined) return false;
      const { header, execution } = anchor.final.block;
      const { stateRoot } = await readSealedPayload(execution, header.executionHash);
      log.info({ height: header.height, headers: headers.top() }, 'fetching the state of a final block');
      const items = await syncState(stateRoot, dependencies, signal);
      if (items === undefined) return false;
      await chain.adopt({ ...anchor, ancestors: ancestorsOf(header.height) }, progress.clear);
      log.info({ height: header.height, items }, 'took over the state of a final block; blocks before it are not held');
      return true;
    },
  };
}
