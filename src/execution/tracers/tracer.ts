import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm';
import type { MerkleStateManager } from '@ethereumjs/statemanager';
import type { VM } from '@ethereumjs/vm';
import type { Address } from '../../primitives/keys.ts';
import { executionError } from '../errors.ts';
import { MAX_TRACE_COPIED_BYTES, MAX_TRACE_WORDS } from '../limits.ts';
import { createCallTracer } from './call-tracer.ts';
import { createFourByteTracer } from './four-byte-tracer.ts';
import { createPrestateTracer } from './prestate-tracer.ts';
import { createStructLogger } from './struct-logger.ts';

/** What to trace, as go-ethereum's debug_trace… methods take it. */
export type TraceOptions =
  | ({ readonly tracer: 'structLogger' } & StructLoggerOptions)
  | { readonly tracer: 'callTracer'; readonly onlyTopCall: boolean; readonly withLog: boolean }
  | { readonly tracer: 'prestateTracer'; readonly diffMode: boolean; readonly disableCode: boolean; readonly disableStorage: boolean }
  | { readonly tracer: '4byteTracer' }
  | { readonly tracer: 'noopTracer' };

export interface StructLoggerOptions {
  readonly enableMemory: boolean;
  readonly disableStack: boolean;
  readonly disableStorage: boolean;
  readonly enableReturnData: boolean;
  /** Steps kept; 0 for all. */
  readonly limit: number;
}

/** The transaction or call that is traced. */
export interface TraceSubject {
  readonly from: Address;
  /** Undefined creates a contract. */
  readonly to: Address | undefined;
  readonly coinbase: Address;
  readonly gas: bigint;
  /** The state before it, and the one it works on. */
  readonly before: MerkleStateManager;
  readonly state: VM['stateManager'];
}

/** How it ended. */
export interface TraceOutcome {
  readonly gasUsed: bigint;
  readonly failure: string | undefined;
  readonly returnData: Uint8Array;
}

/** Watches one execution. What `result` gives is go-ethereum's JSON: that is all a trace is for. */
export interface Tracer {
  step?(step: InterpreterStep): void | Promise<void>;
  enter?(message: Message): void;
  exit?(result: EVMResult): void;
  result(outcome: TraceOutcome): unknown;
}

/** Counts what a trace keeps. @throws EXECUTION_LIMIT above MAX_TRACE_WORDS */
export interface TraceBudget {
  spend(words: number): void;
}

function createBudget(): TraceBudget {
  let spent = 0;
  return {
    spend(words) {
      spent += words;
      if (spent > MAX_TRACE_WORDS) {
        throw executionError('EXECUTION_LIMIT', `the trace is larger than ${MAX_TRACE_WORDS} words: use callTracer, or "limit"`);
      }
    },
  };
}

export function createTracer(options: TraceOptions, subject: TraceSubject): Tracer {
  const budget = createBudget();
  switch (options.tracer) {
    case 'structLogger':
      return createStructLogger(options, { budget });
    case 'callTracer':
      return createCallTracer(options, { subject, budget });
    case 'prestateTracer':
      return createPrestateTracer(options, { subject, budget });
    case '4byteTracer':
      return createFourByteTracer();
    case 'noopTracer':
      return { result: () => ({}) };
  }
}

/** Lets a tracer see a machine's execution; the function returned ends that. */
export function attachTracer(machine: VM, tracer: Tracer): () => void {
  const { events } = machine.evm;
  if (events === undefined) throw new Error('the EVM has no events');
  let copied = 0;
  const { step, enter, exit } = tracer;
  const onStep = (data: InterpreterStep, resolve?: () => void) => {
    copied += data.memory.length;
    if (copied > MAX_TRACE_COPIED_BYTES) throw executionError('EXECUTION_LIMIT', 'the trace would copy too much memory: use callTracer');
    const rest = step?.(data);
    if (rest === undefined) resolve?.();
    else
      rest.then(
        () => resolve?.(),
        // EthereumJS cannot be told of a failure here: the step counts as seen, and the next one throws.
        () => resolve?.(),
      );
  };
  const onEnter = (message: Message) => enter?.(message);
  const onExit = (result: EVMResult) => exit?.(result);
  // Without a listener for steps the EVM makes none, and runs faster.
  if (step !== undefined) events.on('step', onStep);
  if (enter !== undefined) events.on('beforeMessage', onEnter);
  if (exit !== undefined) events.on('afterMessage', onExit);
  return () => {
    events.off('step', onStep);
    events.off('beforeMessage', onEnter);
    events.off('afterMessage', onExit);
  };
}
