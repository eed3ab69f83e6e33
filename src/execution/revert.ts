import { compareBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { executionError } from './errors.ts';

/** Selector of Solidity's Error(string). */
const ERROR_SELECTOR = fromHex('0x08c379a0');
const SELECTOR_BYTES = 4;
const WORD_BYTES = 32;
const MAX_REASON_BYTES = 1024;

/** The text of `revert("…")` or `require(…, "…")`, when the return data is one (ABI: selector, offset, length, bytes). */
export function revertReason(returnData: Uint8Array): string | undefined {
  if (returnData.length < SELECTOR_BYTES + 2 * WORD_BYTES) return undefined;
  if (compareBytes(returnData.subarray(0, SELECTOR_BYTES), ERROR_SELECTOR) !== 0) return undefined;
  const words = returnData.subarray(SELECTOR_BYTES);
  const word = (at: number) => BigInt(toHex(words.subarray(at, at + WORD_BYTES)));
  const length = word(WORD_BYTES);
  if (word(0) !== BigInt(WORD_BYTES) || length > BigInt(words.length - 2 * WORD_BYTES) || length > MAX_REASON_BYTES) return undefined;
  return new TextDecoder().decode(words.subarray(2 * WORD_BYTES, 2 * WORD_BYTES + Number(length)));
}

/** The error of a reverted call as wallets expect it: JSON-RPC code 3, `data` the return data as hexadecimal text. */
export function revertError(returnData: Uint8Array) {
  const reason = revertReason(returnData);
  return executionError('EXECUTION_REVERTED', reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`, {
    data: toHex(returnData),
  });
}
