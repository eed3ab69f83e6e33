import type { Common } from '@ethereumjs/common';
import { EVMError, type EVMOpts, getOpcodesForHF } from '@ethereumjs/evm';

type AddedOpcode = Extract<NonNullable<EVMOpts['customOpcodes']>[number], { readonly opcodeName: string }>;

const REVERT = 0xfd;
/** Memory beyond this costs more gas than anybody has: words² / 512 is 2 thousand million. */
const MAX_MEMORY_BYTES = 32n * 1024n * 1024n;

/**
 * REVERT for machines whose steps are watched. EthereumJS shows a watcher the data of a revert before it charges for the memory: a
 * call that names gigabytes would be given them. Here it is out of gas before that, and shown nothing.
 */
export function boundedRevert(rules: Common): AddedOpcode {
  const { dynamicGasHandlers, handlers } = getOpcodesForHF(rules);
  const gasOf = dynamicGasHandlers.get(REVERT);
  const revert = handlers.get(REVERT);
  if (gasOf === undefined || revert === undefined) throw new Error('these rules have no REVERT');
  return {
    opcode: REVERT,
    opcodeName: 'REVERT',
    baseFee: 0,
    gasFunction: async (runState, gas, common) => {
      const [offset = 0n, length = 0n] = runState.stack.peek(2);
      if (length > 0n && offset + length > MAX_MEMORY_BYTES) {
        runState.stack.popN(2);
        runState.stack.push(0n);
        runState.stack.push(0n);
        throw new EVMError(EVMError.errorMessages.OUT_OF_GAS);
      }
      return gasOf(runState, gas, common);
    },
    logicFunction: revert,
  };
}
