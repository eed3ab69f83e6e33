import { readFileSync } from 'node:fs';
import { hasSystemCode } from './errors.ts';

/** True when a process of this number runs, whoever it belongs to. */
export function processIsAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasSystemCode(error, 'EPERM');
  }
}

/**
 * Tells a process from a later one of the same number: the boot and the moment it started at, on Linux (proc(5): field 22
 * of /proc/PID/stat, after the name in parentheses, which may itself hold blanks). Elsewhere undefined.
 */
export function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const startTicks = fields[19];
    return startTicks === undefined ? undefined : `${boot}/${startTicks}`;
  } catch {
    return undefined;
  }
}
