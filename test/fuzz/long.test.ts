import { expect, it } from 'vitest';
import { startCoverage } from './coverage.ts';
import { fuzz } from './fuzz.ts';
import { createRandom } from './random.ts';
import { FUZZ_TARGETS } from './targets.ts';
import { createWorkClock } from './work-clock.ts';

/** What scripts/fuzz.mjs runs: one target for so many seconds of its work, led by coverage. */
const { POL_FUZZ_TARGET: name, POL_FUZZ_SECONDS: seconds = '600', POL_FUZZ_SEED: seed = '1' } = process.env;
const LIMIT_MS = 20_000;
/** To vitest; larger numbers than timers take would be one millisecond. */
const NO_TIMEOUT = 0;
const REPORT_EVERY_MS = 30_000;

it.runIf(name !== undefined)(
  `fuzz ${name}`,
  async () => {
    const open = FUZZ_TARGETS[name ?? ''];
    if (open === undefined) throw new Error(`there is no target ${name}; targets: ${Object.keys(FUZZ_TARGETS).join(', ')}`);
    const target = await open();
    const coverage = await startCoverage();
    const worked = createWorkClock();
    const endsAt = Number(seconds) * 1000;
    let nextReport = REPORT_EVERY_MS;
    const goesOn = (inputs: number) => {
      const now = worked();
      if (now >= nextReport) {
        nextReport = now + REPORT_EVERY_MS;
        console.log(`${name}: ${inputs} inputs, ${coverage.size} blocks and counts, ${Math.round((endsAt - now) / 1000)} s left`);
      }
      return now < endsAt;
    };
    const report = await fuzz(target, { random: createRandom(Number(seed)), coverage, limitMs: LIMIT_MS, goesOn });
    await coverage.stop();
    const { inputs, corpus, accepted, slowestMs } = report;
    console.log(
      `${name}: ${seconds} s, ${inputs} inputs, ${accepted} accepted, ${corpus} kept, ${coverage.size} blocks and counts, slowest ${slowestMs.toFixed(0)} ms: no rule broken`,
    );
    expect(inputs).toBeGreaterThan(0);
  },
  NO_TIMEOUT,
);
