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
