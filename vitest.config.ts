import { configDefaults, defineConfig } from 'vitest/config';

const NETWORKS = 'test/e2e/**/*.test.ts';
const testTimeout = 30_000;

export default defineConfig({
  test: {
    reporters: ['default', './scripts/summary-reporter.mjs'],
    projects: [
      {
        test: {
          name: 'units',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, NETWORKS],
          // Two cores: more workers would only slow each other.
          maxWorkers: 2,
          testTimeout,
          sequence: { groupOrder: 0 },
        },
      },
      // Networks of six and seven processes, with rounds of seconds: two at a time on two cores would find each other too slow to vote.
      { test: { name: 'networks', include: [NETWORKS], maxWorkers: 1, testTimeout, sequence: { groupOrder: 1 } } },
    ],
  },
});
