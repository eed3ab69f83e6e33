import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that a log is kept in. What was written lasts over a loss of power only once `sync` has resolved. */
export interface LogFile {
  read(): Promise<Uint8Array>;
  write(bytes: Uint8Array, at: number): Promise<void>;
  truncate(size: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a log needs of a file system: the simulator's has one that loses and tears what was not synced. */
export interface LogFiles {
  /** Opens for reading and writing; makes the file and its folders when there are none. */
  open(path: string): Promise<LogFile>;
  /** Atomic and durable: the old file stands until the new one is whole. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
}

/** The operating system's. */
export const systemLogFiles: LogFiles = {
  async open(path) {
    await mkdir(dirname(path), { recursive: true });
    const handle = await openOrCreate(path);
    return {
      read: async () => new Uint8Array(await handle.readFile()),
      write: async (bytes, at) => void (await handle.write(bytes, 0, bytes.length, at)),
      truncate: (size) => handle.truncate(size),
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },

  async replace(path, bytes) {
    const file = await open(`${path}.new`, 'w');
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await syncDirectory(path);
  },
};

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const file = await open(path, 'wx+');
  await syncDirectory(path);
  return file;
}

/** A new name in a directory lasts only once the directory is on the disk. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
