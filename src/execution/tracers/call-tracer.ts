import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm';
import { toHex, toQuantity } from '../../primitives/bytes.ts';
import { failureName, REVERTED } from '../message.ts';
import { revertReason } from '../revert.ts';
import { addressOfWord, CALLCODE, loggedBy, SELFDESTRUCT, STATICCALL } from './touched.ts';
import type { TraceBudget, Tracer, TraceSubject } from './tracer.ts';

/** A message and those it sent, in go-ethereum's fields. */
interface CallFrame {
  from: string;
  gas: string;
  gasUsed: string;
  to?: string;
  input: string;
  output?: string;
  error?: string;
  revertReason?: string;
  calls?: CallFrame[];
  logs?: { readonly address: string; readonly topics: readonly string[]; readonly data: string; readonly position: string }[];
  value?: string;
  type: string;
}

const WORD_BYTES = 32;

/** The tree of messages of a transaction. */
export function createCallTracer(
  options: { readonly onlyTopCall: boolean; readonly withLog: boolean },
  dependencies: { readonly subject: TraceSubject; readonly budget: TraceBudget },
): Tracer {
  const { subject, budget } = dependencies;
  const open: CallFrame[] = [];
  let root: CallFrame | undefined;
  /** The instruction that sends the next message: messages themselves do not tell a static call from a call within one. */
  let sender: number | undefined;

  function add(frame: CallFrame): void {
    const parent = open.at(-1);
    if (parent === undefined) root = frame;
    else if (!options.onlyTopCall) {
      parent.calls ??= [];
      parent.calls.push(frame);
    }
    budget.spend(8 + frame.input.length / (2 * WORD_BYTES));
  }

  return {
    enter(message: Message) {
      const type = typeOf(message, open.length === 0 ? undefined : sender);
      const frame: CallFrame = {
        // A delegate call keeps its caller's caller; who made it is the contract it acts for.
        from: (type === 'DELEGATECALL' && message.to !== undefined ? message.to : message.caller).toString(),
        gas: toQuantity(open.length === 0 ? subject.gas : message.gasLimit),
        gasUsed: '0x0',
        ...(message.to === undefined ? {} : { to: (type === 'CALL' ? message.to : message.codeAddress).toString() }),
        input: toHex(message.data),
        ...(type === 'STATICCALL' ? {} : { value: toQuantity(message.value) }),
        type,
      };
      add(frame);
      open.push(frame);
    },
    exit({ execResult, createdAddress }: EVMResult) {
      const frame = open.pop();
      if (frame === undefined) return;
      const failure = failureName(execResult.exceptionError);
      frame.gasUsed = toQuantity(execResult.executionGasUsed);
      if (createdAddress !== undefined && failure === undefined) frame.to = createdAddress.toString();
      settle(frame, failure, execResult.returnValue);
      budget.spend(execResult.returnValue.length / WORD_BYTES);
    },
    step(step: InterpreterStep) {
      const { code } = step.opcode;
      sender = code;
      const frame = open.at(-1);
      if (frame === undefined) return undefined;
      if (code === SELFDESTRUCT && !options.onlyTopCall) return addDestruction(frame, step);
      if (options.withLog) addLog(frame, step);
      return undefined;
    },
    result({ gasUsed, failure, returnData }) {
      if (root === undefined) return {};
      root.gasUsed = toQuantity(gasUsed);
      settle(root, failure, returnData);
      if (options.withLog) dropFailedLogs(root, false);
      return root;
    },
  };
}

/** What a frame returned: a failure other than a revert returns nothing. */
function settle(frame: CallFrame, failure: string | undefined, returnData: Uint8Array): void {
  if (failure === undefined || failure === REVERTED) {
    if (returnData.length > 0) frame.output = toHex(returnData);
  }
  if (failure === undefined) return;
  frame.error = failure;
  const reason = failure === REVERTED ? revertReason(returnData) : undefined;
  if (reason !== undefined) frame.revertReason = reason;
}

function typeOf(message: Message, sender: number | undefined): string {
  if (message.to === undefined) return message.salt === undefined ? 'CREATE' : 'CREATE2';
  if (message.delegatecall) return 'DELEGATECALL';
  if (sender === CALLCODE) return 'CALLCODE';
  return sender === STATICCALL ? 'STATICCALL' : 'CALL';
}

/** A contract that ends itself sends its coins: go-ethereum shows it as a call. */
async function addDestruction(frame: CallFrame, { address, stack, stateManager }: InterpreterStep): Promise<void> {
  const heir = stack.at(-1);
  const account = await stateManager.getAccount(address);
  frame.calls ??= [];
  frame.calls.push({
    from: address.toString(),
    gas: '0x0',
    gasUsed: '0x0',
    ...(heir === undefined ? {} : { to: toHex(addressOfWord(heir)) }),
    input: '0x',
    value: toQuantity(account?.balance ?? 0n),
    type: 'SELFDESTRUCT',
  });
}

function addLog(frame: CallFrame, step: InterpreterStep): void {
  const log = loggedBy(step);
  if (log === undefined) return;
  frame.logs ??= [];
  frame.logs.push({
    address: step.address.toString(),
    topics: log.topics.map((topic) => toHex(topic)),
    data: toHex(log.data),
    position: toQuantity(frame.calls?.length ?? 0),
  });
}

/** What a frame or one around it undid was never logged. */
function dropFailedLogs(frame: CallFrame, isUndone: boolean): void {
  const undone = isUndone || frame.error !== undefined;
  if (undone) delete frame.logs;
  for (const call of frame.calls ?? []) dropFailedLogs(call, undone);
}
