import type { LogFiles } from '../chain/log-files.ts';
import type { Clock } from '../primitives/clock.ts';
import type { BlobStore, KeyValueStore, Write } from '../store/kv.ts';
import { createMemoryStore } from '../store/memory.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import { createDiskFiles } from './disk-files.ts';
import type { Random } from './random.ts';

/** What a node keeps over a crash. A batch that a crash interrupts has or has not happened, whole. */
export interface SimulatedDisk {
  /** Written before the node's first start, at no cost. */
  format(batch: readonly Write[]): Promise<void>;
  /** The store as one life of the node sees it: a batch is durable a moment later, and its promise never resolves when the node crashes before. */
  store(clock: Clock): KeyValueStore;
  readonly blobs: BlobStore;
  /** Whatever else a room keeps, by name; it is the room's own business what of it survives. */
  room<T>(name: string, make: () => T): T;
  files(clock: Clock): LogFiles;
  /** Decides what became of everything that was being written. */
  crash(random: Random): void;
}

/** One synced write. */
export const WRITE_MS = 3;

export function createSimulatedDisk(): SimulatedDisk {
  const memory = createMemoryStore();
  const blobs = createMemoryBlobStore();
  const rooms = new Map<string, unknown>();
  const files = createDiskFiles();
  const inProgress = new Set<() => void>();

  function write(clock: Clock, batch: readonly Write[]): Promise<void> {
    // The memory store applies a batch at the call, before its promise resolves.
    const apply = () => void memory.write(batch);
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
    format: memory.write,
    store: (clock) => ({ ...memory, write: (batch) => write(clock, batch) }),
    blobs,
    room<T>(name: string, make: () => T): T {
      if (!rooms.has(name)) rooms.set(name, make());
      return rooms.get(name) as T;
    },
    files: files.open,
    crash(random) {
      for (const apply of inProgress) if (random.chance(0.5)) apply();
      inProgress.clear();
      files.crash(random);
    },
  };
}
