import { expect, it, vi } from 'vitest';
import { runScenario } from './scenario.ts';
import { survivalScenario } from './survival.ts';

/** Plants a fault in every honest node: half of the authorities decide. */
vi.mock('../codec/quorum.ts', () => ({ hasQuorum: (votes: number, authorities: number) => 2 * votes >= authorities }));

/** Seeds after which the simulator would count as unable to see it. */
const MOST_SEEDS = 1_000;
const SEARCH_TIMEOUT_MS = 180_000;

it(
  'finds two final blocks when half are a quorum',
  async () => {
    for (let i = 0; i < MOST_SEEDS; i++) {
      const { violations } = await runScenario(survivalScenario(`broken quorum ${i}`));
      if (violations.some(({ rule }) => rule === 'fork')) return;
    }
    expect.fail(`no fork within ${MOST_SEEDS} seeds`);
  },
  SEARCH_TIMEOUT_MS,
);
