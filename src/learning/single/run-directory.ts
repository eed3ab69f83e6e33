import { join } from 'node:path';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import { lockDataDirectory } from '../../store/lock.ts';
import { jsonBytes, parseJson, readIfPresent, writeFileDurably } from '../files.ts';
import { type CheckpointStore, openCheckpoints } from './checkpoints.ts';
import { runError } from './errors.ts';
import { parseRunDocument, type RunDocument } from './run-config.ts';

const RUN_FILE = 'run.json';

/** What is in a run's directory: its description, and its checkpoints. */
export interface StoredRun {
  readonly path: string;
  readonly document: RunDocument | undefined;
  readonly checkpoints: CheckpointStore;
}

/** A run's directory, held by this process alone. */
export interface RunDirectory extends StoredRun {
  /** @throws RUN_WRITE_FAILED */
  write(document: RunDocument): Promise<void>;
  release(): Promise<void>;
}

export interface RunDirectoryDependencies {
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/**
 * Takes a directory, new or with a run in it, for training.
 * @throws RUN_IN_USE when another process trains in it; RUN_INVALID, RUN_CHECKPOINT_DAMAGED, STORE_OPEN_FAILED
 */
export async function openRunDirectory(path: string, dependencies: RunDirectoryDependencies): Promise<RunDirectory> {
  const lock = await lockDataDirectory(path).catch((error: unknown) => {
    if (!isPolError(error, 'STORE_DIRECTORY_IN_USE')) throw error;
    throw runError('RUN_IN_USE', `another process trains in ${path}; stop it, or choose another --out`, { cause: error });
  });
  try {
    let { document, checkpoints } = await readRun(path, dependencies);
    return {
      path,
      checkpoints,
      get document() {
        return document;
      },
      async write(next) {
        try {
          await writeFileDurably(join(path, RUN_FILE), jsonBytes(next));
        } catch (cause) {
          throw runError('RUN_WRITE_FAILED', `${join(path, RUN_FILE)}: ${messageOf(cause)}; free some space, or choose another --out`, {
            cause,
          });
        }
        document = next;
      },
      release: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Looks at a run without taking it: it may be training meanwhile.
 * @throws RUN_INVALID, RUN_CHECKPOINT_DAMAGED
 */
export async function readRun(path: string, dependencies: RunDirectoryDependencies): Promise<StoredRun> {
  const bytes = await readIfPresent(join(path, RUN_FILE));
  const document = bytes === undefined ? undefined : parseRunDocument(parseJson(bytes), join(path, RUN_FILE));
  return { path, document, checkpoints: await openCheckpoints({ directory: path }, dependencies) };
}
