import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { selectBackend } from '../../numerics/backends.ts';
import { messageOf } from '../../primitives/errors.ts';
import type { MachineFacts } from './checks.ts';

const BACKENDS = ['native', 'wasm', 'reference'] as const;

/** Looks at this machine: asks the system, tries the compilers, and runs each backend's self-test. */
export async function inspectMachine(
  dataDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<MachineFacts> {
  const processors = cpus();
  return {
    nodeVersion: process.versions.node,
    platform: `${process.platform} ${release()} ${process.arch}`,
    cpu: processors[0]?.model.trim() ?? 'processor of unknown kind',
    cores: processors.length,
    memoryBytes: totalmem(),
    freeDiskBytes: await freeDiskBytes(dataDirectory),
    dataDirectory,
    compiler: await findCompiler([environment.CC, 'cc', 'gcc', 'clang']),
    backends: await Promise.all(BACKENDS.map(tryBackend)),
  };
}

async function tryBackend(wanted: string): Promise<MachineFacts['backends'][number]> {
  try {
    const { name } = await selectBackend({ wanted, threads: 1 });
    return { wanted, name };
  } catch (error) {
    return { wanted, problem: messageOf(error) };
  }
}

/** Of the nearest existing folder: the data directory may be made later. */
async function freeDiskBytes(directory: string): Promise<number | undefined> {
  let existing = directory;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    const { bavail, bsize } = await statfs(existing);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

async function findCompiler(candidates: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const compiler of candidates) {
    if (compiler === undefined || compiler === '') continue;
    try {
      const { stdout } = await promisify(execFile)(compiler, ['--version']);
      return stdout.split('\n')[0]?.trim();
    } catch {
      // Not installed: the next one.
    }
  }
  return undefined;
}
