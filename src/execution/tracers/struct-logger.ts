import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm';
import { toHex, toQuantity } from '../../primitives/bytes.ts';
import { failureName } from '../message.ts';
import { CALL, CALLCODE, DELEGATECALL, SLOAD, SSTORE, STATICCALL, wordOf } from './touched.ts';
import type { StructLoggerOptions, TraceBudget, Tracer } from './tracer.ts';

interface StructLog {
  readonly pc: number;
  readonly op: string;
  readonly gas: number;
  readonly gasCost: number;
  readonly depth: number;
  readonly refund?: number;
  error?: string;
  readonly stack?: readonly string[];
  readonly returnData?: string;
  readonly memory?: readonly string[];
  storage?: Readonly<Record<string, string>>;
}

/** One running message: the data its last call returned, the slots it touched, and its last step. */
interface Frame {
  returnData: Uint8Array;
  last: StructLog | undefined;
}

const WORD_BYTES = 32;
const CALLS: ReadonlySet<number> = new Set([CALL, CALLCODE, DELEGATECALL, STATICCALL]);

/** Every instruction with gas, stack and whatever else is asked for: what debug_trace… gives when no tracer is named. */
export function createStructLogger(options: StructLoggerOptions, dependencies: { readonly budget: TraceBudget }): Tracer {
  const { budget } = dependencies;
  const logs: StructLog[] = [];
  const frames: Frame[] = [];
  /** Slots seen so far by contract: each step that touches one shows all of them. */
  const storage = new Map<string, Record<string, string>>();

  function show(step: InterpreterStep, slot: bigint, value: Uint8Array): Readonly<Record<string, string>> {
    const name = step.address.toString();
    const slots = storage.get(name) ?? {};
    storage.set(name, slots);
    slots[toHex(wordOf(slot))] = toHex(padded(value));
    budget.spend(2 * Object.keys(slots).length);
    return { ...slots };
  }

  async function touch(step: InterpreterStep, log: StructLog): Promise<void> {
    const slot = step.stack.at(-1);
    if (slot === undefined) return;
    if (step.opcode.code === SSTORE) {
      const value = step.stack.at(-2);
      if (value !== undefined) log.storage = show(step, slot, wordOf(value));
    } else log.storage = show(step, slot, await step.stateManager.getStorage(step.address, wordOf(slot)));
  }

  return {
    enter: (_message: Message) => void frames.push({ returnData: new Uint8Array(0), last: undefined }),
    exit({ execResult }: EVMResult) {
      const frame = frames.pop();
      const failure = failureName(execResult.exceptionError);
      // A revert is not the instruction's failure, but what it does.
      if (frame?.last !== undefined && failure !== undefined && frame.last.op !== 'REVERT') frame.last.error = failure;
      const caller = frames.at(-1);
      if (caller !== undefined) caller.returnData = execResult.returnValue;
    },
    step(step) {
      if (options.limit > 0 && logs.length >= options.limit) return undefined;
      const frame = frames.at(-1);
      const memory = options.enableMemory ? chunks(step.memory) : [];
      const log: StructLog = {
        pc: step.pc,
        op: step.opcode.name,
        gas: Number(step.gasLeft),
        gasCost: Number(costOf(step)),
        depth: step.depth + 1,
        ...(step.gasRefund === 0n ? {} : { refund: Number(step.gasRefund) }),
        ...(options.disableStack ? {} : { stack: step.stack.map(toQuantity) }),
        ...(options.enableReturnData && frame !== undefined && frame.returnData.length > 0 ? { returnData: toHex(frame.returnData) } : {}),
        ...(memory.length === 0 ? {} : { memory }),
      };
      budget.spend(4 + (log.stack?.length ?? 0) + memory.length + (log.returnData?.length ?? 0) / (2 * WORD_BYTES));
      logs.push(log);
      if (frame !== undefined) frame.last = log;
      const { code } = step.opcode;
      return !options.disableStorage && (code === SLOAD || code === SSTORE) ? touch(step, log) : undefined;
    },
    result: ({ gasUsed, failure, returnData }) => ({
      gas: Number(gasUsed),
      failed: failure !== undefined,
      returnValue: toHex(returnData),
      structLogs: logs,
    }),
  };
}

/** What an instruction takes from the gas left; for calls with what it hands on, up to 63/64 of the rest (EIP-150). */
function costOf({ opcode, stack, gasLeft }: InterpreterStep): bigint {
  const own = opcode.dynamicFee ?? BigInt(opcode.fee);
  if (!CALLS.has(opcode.code)) return own;
  const asked = stack.at(-1) ?? 0n;
  const rest = gasLeft > own ? gasLeft - own : 0n;
  const most = rest - rest / 64n;
  return own + (asked < most ? asked : most);
}

function chunks(memory: Uint8Array): readonly string[] {
  const out: string[] = [];
  for (let at = 0; at < memory.length; at += WORD_BYTES) out.push(toHex(memory.subarray(at, at + WORD_BYTES)));
  return out;
}

function padded(value: Uint8Array): Uint8Array {
  const word = new Uint8Array(WORD_BYTES);
  word.set(value, WORD_BYTES - value.length);
  return word;
}
