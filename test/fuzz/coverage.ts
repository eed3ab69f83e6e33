import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

/** Which blocks of the sources have run, how often in powers of two (V8's precise block coverage). */
export interface Coverage {
  /** True when something ran since the last call that no call saw before. */
  foundMore(): Promise<boolean>;
  /** Blocks and counts seen so far. */
  readonly size: number;
  stop(): Promise<void>;
}

export async function startCoverage(): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const seen = new Set<string>();

  function note({ scriptId, url, functions }: Profiler.ScriptCoverage): boolean {
    if (!url.includes('/src/')) return false;
    let isNew = false;
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        if (count === 0) continue;
        const key = `${scriptId}:${startOffset}-${endOffset}:${Math.floor(Math.log2(count))}`;
        if (seen.has(key)) continue;
        seen.add(key);
        isNew = true;
      }
    }
    return isNew;
  }

  return {
    async foundMore() {
      // Taking the coverage sets V8's counters to zero.
      const { result } = await session.post('Profiler.takePreciseCoverage');
      return result.map(note).some(Boolean);
    },
    get size() {
      return seen.size;
    },
    async stop() {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}
