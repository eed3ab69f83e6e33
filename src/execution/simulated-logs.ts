import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm';
import { fromHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { addressOfWord, loggedBy, SELFDESTRUCT, wordOf } from './tracers/touched.ts';
import type { Tracer } from './tracers/tracer.ts';

/** A log of a simulated call. */
export interface SimulatedLog {
  readonly address: Address;
  readonly topics: readonly Hash[];
  readonly data: Uint8Array;
  /** In the block. */
  readonly logIndex: number;
}

/** Who a transfer of coins is said to be logged by, and ERC-20's Transfer(address,address,uint256). */
const TRANSFERS_ADDRESS = fromHex(`0x${'ee'.repeat(20)}`);
const TRANSFER_TOPIC = fromHex('0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef');

/**
 * Collects logs in the order in which they happen, transfers of coins among them when asked for. A message that fails takes its
 * own with it; their numbers are not given again.
 */
export interface LogCollector extends Tracer {
  /** The logs of the call just ended; the next begins. */
  take(): readonly SimulatedLog[];
}

export function createLogCollector(options: { readonly traceTransfers: boolean }): LogCollector {
  let count = 0;
  let done: readonly SimulatedLog[] = [];
  const open: SimulatedLog[][] = [];

  function add(address: Address, topics: readonly Hash[], data: Uint8Array): void {
    open.at(-1)?.push({ address, topics, data, logIndex: count++ });
  }

  function transfer(from: Address, to: Address, wei: bigint): void {
    if (!options.traceTransfers || wei === 0n) return;
    add(TRANSFERS_ADDRESS, [TRANSFER_TOPIC, addressWord(from), addressWord(to)], wordOf(wei));
  }

  return {
    enter(message: Message) {
      open.push([]);
      if (!message.delegatecall && message.to !== undefined) transfer(message.caller.bytes, message.to.bytes, message.value);
    },
    async step(step: InterpreterStep) {
      const { code } = step.opcode;
      if (code === SELFDESTRUCT) {
        const heir = step.stack.at(-1);
        const account = await step.stateManager.getAccount(step.address);
        if (heir !== undefined) transfer(step.address.bytes, addressOfWord(heir), account?.balance ?? 0n);
        return;
      }
      const log = loggedBy(step);
      if (log !== undefined) add(step.address.bytes, log.topics, log.data);
    },
    exit({ execResult }: EVMResult) {
      const logs = open.pop() ?? [];
      const kept = execResult.exceptionError === undefined ? logs : [];
      const caller = open.at(-1);
      if (caller === undefined) done = kept;
      else caller.push(...kept);
    },
    result: () => undefined,
    take() {
      const logs = done;
      done = [];
      return logs;
    },
  };
}

function addressWord(address: Address): Uint8Array {
  const word = new Uint8Array(32);
  word.set(address, 12);
  return word;
}
