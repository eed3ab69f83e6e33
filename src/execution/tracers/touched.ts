import type { InterpreterStep } from '@ethereumjs/evm';
import { fromHex } from '../../primitives/bytes.ts';

const BALANCE = 0x31;
const EXTCODESIZE = 0x3b;
const EXTCODECOPY = 0x3c;
const EXTCODEHASH = 0x3f;
export const SLOAD = 0x54;
export const SSTORE = 0x55;
export const CALL = 0xf1;
export const CALLCODE = 0xf2;
export const DELEGATECALL = 0xf4;
export const STATICCALL = 0xfa;
export const SELFDESTRUCT = 0xff;

const BY_TOP: ReadonlySet<number> = new Set([BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, SELFDESTRUCT]);
const BY_SECOND: ReadonlySet<number> = new Set([CALL, CALLCODE, DELEGATECALL, STATICCALL]);

/** What an instruction is about to touch: another account, or a slot of its own; as words of the stack. */
export function touchedBy({ opcode, stack }: Pick<InterpreterStep, 'opcode' | 'stack'>): {
  readonly address?: bigint;
  readonly slot?: bigint;
} {
  const top = stack.at(-1);
  const second = stack.at(-2);
  if ((opcode.code === SLOAD || opcode.code === SSTORE) && top !== undefined) return { slot: top };
  if (BY_TOP.has(opcode.code) && top !== undefined) return { address: top };
  if (BY_SECOND.has(opcode.code) && second !== undefined) return { address: second };
  return {};
}

/** 32 bytes, big-endian. */
export function wordOf(value: bigint): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(64, '0')}`);
}

/** The last 20 bytes of a word. */
export function addressOfWord(value: bigint): Uint8Array {
  return wordOf(value).subarray(12);
}

const LOG0 = 0xa0;
const LOG4 = 0xa4;
const LOG_GAS_PER_BYTE = 8n;

/** The log that an instruction is about to make; undefined for others, and for one that cannot be paid, however long it says it is. */
export function loggedBy({
  opcode,
  stack,
  memory,
  gasLeft,
}: Pick<InterpreterStep, 'opcode' | 'stack' | 'memory' | 'gasLeft'>):
  | { readonly topics: readonly Uint8Array[]; readonly data: Uint8Array }
  | undefined {
  const { code } = opcode;
  const [offset, length] = [stack.at(-1), stack.at(-2)];
  if (code < LOG0 || code > LOG4 || offset === undefined || length === undefined || length * LOG_GAS_PER_BYTE > gasLeft) return undefined;
  const data = new Uint8Array(Number(length));
  // Memory that was never written is zero.
  if (offset < BigInt(memory.length)) data.set(memory.subarray(Number(offset), Number(offset + length)));
  return { topics: Array.from({ length: code - LOG0 }, (_, i) => wordOf(stack.at(-3 - i) ?? 0n)), data };
}
