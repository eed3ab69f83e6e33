import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', './scripts/summary-reporter.mjs'],
    // Two cores: more workers would only slow each other.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
