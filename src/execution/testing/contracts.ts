import { concatBytes, fromHex, toHex } from '../../primitives/bytes.ts';
import type { Address } from '../../primitives/keys.ts';

/** Contracts in handwritten bytecode, each with its assembly. */

/** Init code that deploys `runtime`: PUSH1 length DUP1 PUSH1 9 PUSH0 CODECOPY PUSH0 RETURN, and the code behind it. */
export function initCode(runtime: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x60, runtime.length, 0x80, 0x60, 9, 0x5f, 0x39, 0x5f, 0xf3), runtime);
}

/** Adds 1 to slot 0, logs the sum under topic 42, and returns it. */
export const counter = fromHex(
  `0x${[
    '5f54600101', // PUSH0 SLOAD PUSH1 1 ADD
    '805f55', // DUP1 PUSH0 SSTORE
    '5f52', // PUSH0 MSTORE
    '602a60205fa1', // PUSH1 42 PUSH1 32 PUSH0 LOG1
    '60205ff3', // PUSH1 32 PUSH0 RETURN
  ].join('')}`,
);

/** What Solidity's revert("no") returns. */
export const revertData = concatBytes(
  fromHex('0x08c379a0'),
  fromHex(`0x${'20'.padStart(64, '0')}${'02'.padStart(64, '0')}${'6e6f'.padEnd(64, '0')}`),
);

/** Reverts with revertData: PUSH1 length PUSH1 10 PUSH0 CODECOPY PUSH1 length PUSH0 REVERT. */
export const reverter = concatBytes(
  Uint8Array.of(0x60, revertData.length, 0x60, 10, 0x5f, 0x39, 0x60, revertData.length, 0x5f, 0xfd),
  revertData,
);

/** BLOCKHASH of the number in the call data. */
export const blockHashes = fromHex('0x5f35405f5260205ff3');

/** BASEFEE and PREVRANDAO, a word each. */
export const blockFacts = fromHex('0x485f524460205260405ff3');

/** Calls `target` with all gas it may hand on (EIP-150), and reverts if that fails. */
export function forwarder(target: Address): Uint8Array {
  return fromHex(
    `0x${[
      '5f5f5f5f5f', // no return data, no call data, no value
      `73${toHex(target).slice(2)}5af1`, // PUSH20 target GAS CALL
      '602257', // PUSH1 34 JUMPI
      '5f5ffd', // PUSH0 PUSH0 REVERT
      '5b00', // JUMPDEST STOP
    ].join('')}`,
  );
}

/** Sets slots 1 to 8 to the first word of the call data. */
export const slots = fromHex(`0x${[1, 2, 3, 4, 5, 6, 7, 8].map((slot) => `5f3560${slot.toString(16).padStart(2, '0')}55`).join('')}00`);

/** JUMPDEST PUSH0 JUMP: never ends. */
export const endless = fromHex('0x5b5f56');

/** Point evaluation (0x0a) with no input; returns whether it succeeded. */
export const pointEvaluation = fromHex('0x5f5f5f5f5f600a61fffff15f5260205ff3');
