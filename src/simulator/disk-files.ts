import type { LogFile, LogFiles } from '../chain/log-files.ts';
import { concatBytes } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import type { Random } from './random.ts';

/** Files of a simulated disk: what was written and not synced is lost or torn by a crash. */
export interface DiskFiles {
  /** The files as one life of the node sees them. */
  open(clock: Clock): LogFiles;
  crash(random: Random): void;
}

type Change =
  | { readonly type: 'write'; readonly bytes: Uint8Array; readonly at: number }
  | { readonly type: 'truncate'; readonly size: number };

interface StoredFile {
  durable: Uint8Array;
  /** Not synced yet, oldest first. */
  changes: Change[];
}

const SYNC_MS = 3;
/** How often a torn write leaves its whole length behind, its end as zeros: file systems may lengthen a file before its data is there. */
const ZERO_TAIL_CHANCE = 0.3;

/**
 * A crash keeps a prefix of the changes that were not synced, as a journalling file system in its ordered mode does, and of
 * the first change after it only a part.
 */
export function createDiskFiles(): DiskFiles {
  const files = new Map<string, StoredFile>();

  function fileAt(path: string): StoredFile {
    const file = files.get(path) ?? { durable: new Uint8Array(0), changes: [] };
    files.set(path, file);
    return file;
  }

  const synced = (clock: Clock, apply: () => void) =>
    new Promise<void>((resolve) => {
      clock.after(SYNC_MS, () => {
        apply();
        resolve();
      });
    });

  function handle(file: StoredFile, clock: Clock): LogFile {
    return {
      read: async () => file.changes.reduce(changed, file.durable).slice(),
      write: async (bytes, at) => void file.changes.push({ type: 'write', bytes: bytes.slice(), at }),
      truncate: async (size) => void file.changes.push({ type: 'truncate', size }),
      sync() {
        const count = file.changes.length;
        return synced(clock, () => {
          file.durable = file.changes.slice(0, count).reduce(changed, file.durable);
          file.changes = file.changes.slice(count);
        });
      },
      close: async () => {},
    };
  }

  return {
    open: (clock) => ({
      open: async (path) => handle(fileAt(path), clock),
      replace: (path, bytes) => synced(clock, () => void files.set(path, { durable: bytes.slice(), changes: [] })),
    }),
    crash(random) {
      for (const file of files.values()) {
        const kept = random.integer(file.changes.length + 1);
        file.durable = file.changes.slice(0, kept).reduce(changed, file.durable);
        const torn = file.changes[kept];
        if (torn?.type === 'write') file.durable = changed(file.durable, tear(torn, random));
        file.changes = [];
      }
    },
  };
}

function changed(bytes: Uint8Array, change: Change): Uint8Array {
  if (change.type === 'truncate') return bytes.subarray(0, change.size);
  const end = change.at + change.bytes.length;
  const out = new Uint8Array(Math.max(bytes.length, end));
  out.set(bytes);
  out.set(change.bytes, change.at);
  return out;
}

function tear(change: Extract<Change, { type: 'write' }>, random: Random): Change {
  const written = change.bytes.subarray(0, random.integer(change.bytes.length));
  const bytes = random.chance(ZERO_TAIL_CHANCE) ? concatBytes(written, new Uint8Array(change.bytes.length - written.length)) : written;
  return { ...change, bytes };
}
