import { expect, it, vi } from 'vitest';
import { runScenario } from './scenario.ts';
import { survivalScenario } from './survival.ts';

/** Plants a fault in every honest node: it votes as if it had never locked anything (lines 22 and 28 ask for valid(v) alone). */
vi.mock('../consensus/machine.ts', async (original) => {
  const { step } = await original<typeof import('../consensus/machine.ts')>();
  const unlocked = { lockedRound: undefined, lockedBlockHash: undefined, validRound: undefined, validBlock: undefined };
  const forgetful: typeof step = (state, event) => step({ ...state, lock: { ...state.lock, ...unlocked } }, event);
  return { step: forgetful };
});

/** Seeds after which the simulator would count as unable to see it. */
const MOST_SEEDS = 1_000;
const SEARCH_TIMEOUT_MS = 180_000;

it(
  'finds two final blocks when votes ignore the lock',
  async () => {
    for (let i = 0; i < MOST_SEEDS; i++) {
      const { violations } = await runScenario(survivalScenario(`broken lock ${i}`));
      if (violations.some(({ rule }) => rule === 'fork')) return;
    }
    expect.fail(`no fork within ${MOST_SEEDS} seeds`);
  },
  SEARCH_TIMEOUT_MS,
);
