import { availableParallelism, freemem, totalmem } from 'node:os';
import { PROGRAM_BYTES } from '../../learning/single/memory.ts';
import type { Backend } from '../../numerics/backend.ts';
import { selectBackend } from '../../numerics/backends.ts';

/** Of the memory that is free, for training; the rest is for what else the machine does. */
const MEMORY_SHARE = 0.8;

/** Bytes that programs can still have: what the system counts as free or reclaimable, within the limit of a container. */
export function freeMemoryBytes(): number {
  // macOS counts only untouched pages as free; half of all is nearer to what can be had.
  const free = process.platform === 'darwin' ? totalmem() / 2 : freemem();
  const allowed = process.availableMemory?.() ?? 0;
  return allowed > 0 ? Math.min(free, allowed) : free;
}

/** Bytes that a training arena may take when nobody says how many. */
export function defaultMemoryBudget(): number {
  return Math.max(0, Math.floor(freeMemoryBytes() * MEMORY_SHARE) - PROGRAM_BYTES);
}

export interface MachineFlags {
  readonly backend: string;
  readonly threads?: number;
}

/** @throws NUMERICS_BACKEND_UNAVAILABLE, NUMERICS_SELF_TEST_FAILED, NUMERICS_BAD_ARGUMENT */
export function machineBackend({ backend, threads }: MachineFlags, warn: (text: string) => void): Promise<Backend> {
  return selectBackend(
    { wanted: backend, threads: threads ?? availableParallelism() },
    { onRefused: (name, reason) => warn(`${name} is not used: ${reason}`) },
  );
}
