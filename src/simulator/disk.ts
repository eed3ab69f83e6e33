import type { FinalBlock } from '../codec/types.ts';
import type { WalRecord, WriteAheadLog } from '../consensus/types.ts';
import type { Clock } from '../primitives/clock.ts';
import type { Random } from './random.ts';

/** What a node keeps over a crash. A write takes a while; one that a crash interrupts has or has not happened. */
export interface SimulatedDisk {
  readonly blocks: readonly FinalBlock[];
  /** Resolves once durable; never when the node crashes before. */
  appendBlock(final: FinalBlock, clock: Clock): Promise<void>;
  wal(clock: Clock): WriteAheadLog;
  /** Decides what became of a write in progress: a record cut off in the middle is dropped when it is read. */
  crash(random: Random): void;
}

const WRITE_MS = 3;

export function createSimulatedDisk(): SimulatedDisk {
  const blocks: FinalBlock[] = [];
  let records: WalRecord[] = [];
  const inProgress = new Set<() => void>();

  function write(clock: Clock, apply: () => void): Promise<void> {
    inProgress.add(apply);
    return new Promise((resolve) => {
      clock.after(WRITE_MS, () => {
        inProgress.delete(apply);
        apply();
        resolve();
      });
    });
  }

  return {
    blocks,
    appendBlock: (final, clock) => write(clock, () => void blocks.push(final)),
    wal: (clock) => ({
      append: (record) => write(clock, () => void records.push(record)),
      async read(height) {
        return records.filter((record) => heightOf(record) >= height);
      },
      async prune(height) {
        records = records.filter((record) => heightOf(record) >= height);
      },
    }),
    crash(random) {
      for (const apply of inProgress) if (random.chance(0.5)) apply();
      inProgress.clear();
    },
  };
}

function heightOf(record: WalRecord): number {
  return record.type === 'vote' ? record.vote.height : record.proposal.height;
}
