import type { VM } from '@ethereumjs/vm';
import { executionError } from './errors.ts';
import { MAX_SLICE_MS } from './limits.ts';
import type { MachineOptions } from './machine.ts';

/** How an execution that nobody agreed on the length of shares the thread: a clock, and a turn for everything else. */
export interface Pace {
  /** Milliseconds of a clock that never steps back. */
  now(): number;
  /** Resolves after other events of this thread were served. */
  turn(): Promise<void>;
}

export const systemPace: Pace = {
  now: () => performance.now(),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

/** Jumps between looks at the clock. */
const JUMPS_PER_LOOK = 64;
const JUMPDEST = 0x5b;

/**
 * Keeps one question to the API from holding the thread: every MAX_SLICE_MS others get their turn, and after its budget it
 * ends.
 */
export interface Watch {
  /** Looks at the clock; undefined to go on at once. @throws EXECUTION_TIMEOUT */
  look(): Promise<void> | undefined;
  /** Looks at each jump's destination: no loop is without one. */
  readonly opcodes: NonNullable<MachineOptions['opcodes']>;
  /** Looks at each message too: recursion needs no jump. */
  attach(machine: VM): void;
}

export function createWatch(pace: Pace, budgetMs: number): Watch {
  const deadline = pace.now() + budgetMs;
  let sliceEnd = pace.now() + MAX_SLICE_MS;
  let jumps = 0;

  function look(): Promise<void> | undefined {
    const now = pace.now();
    if (now > deadline) throw executionError('EXECUTION_TIMEOUT', `execution aborted (timeout = ${budgetMs / 1000}s)`);
    if (now < sliceEnd) return undefined;
    return pace.turn().then(() => {
      sliceEnd = pace.now() + MAX_SLICE_MS;
    });
  }

  return {
    look,
    opcodes: [
      {
        opcode: JUMPDEST,
        opcodeName: 'JUMPDEST',
        baseFee: 1,
        logicFunction: () => (++jumps % JUMPS_PER_LOOK === 0 ? look() : undefined),
      },
    ],
    attach(machine) {
      // Two parameters: EthereumJS waits for such a listener.
      machine.evm.events?.on('beforeMessage', (_message, resolve) => {
        const rest = look();
        if (rest === undefined) resolve?.();
        else void rest.then(() => resolve?.());
      });
    },
  };
}
