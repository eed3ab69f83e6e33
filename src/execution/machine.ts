import { createEmptyBlock, type HeaderData } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { type CustomPrecompile, EVMError } from '@ethereumjs/evm';
import type { MerkleStateManager } from '@ethereumjs/statemanager';
import { createAddressFromString } from '@ethereumjs/util';
import { createVM, type VM } from '@ethereumjs/vm';
import type { Hash } from '../primitives/hash.ts';

/** What every execution on a chain shares. */
export interface ChainContext {
  readonly rules: Common;
  readonly chainId: number;
  /** Gas limit of every block: the genesis's. */
  readonly gasLimit: bigint;
  /** Hash of a final block, for the BLOCKHASH instruction. */
  blockHash(number: number): Hash | undefined;
}

/**
 * KZG point evaluation (EIP-4844) serves blobs, which this chain has none of: a call to it fails and uses up its gas, as one
 * with a wrong proof does. EthereumJS's own throws through the whole transaction without a trusted setup.
 */
const NO_POINT_EVALUATION: CustomPrecompile = {
  address: createAddressFromString('0x000000000000000000000000000000000000000a'),
  function: ({ gasLimit }) => ({
    executionGasUsed: gasLimit,
    returnValue: new Uint8Array(0),
    exceptionError: new EVMError(EVMError.errorMessages.INVALID_PROOF),
  }),
};

/** An EVM over one state, to be used by one execution. */
export function createMachine(context: ChainContext, state: MerkleStateManager): Promise<VM> {
  const blockchain = {
    async getBlock(number: number) {
      const hash = context.blockHash(number) ?? new Uint8Array(32);
      return { hash: () => hash };
    },
    async putBlock() {},
    shallowCopy: () => blockchain,
  };
  return createVM({
    common: context.rules,
    stateManager: state,
    blockchain,
    evmOpts: { common: context.rules, stateManager: state, blockchain, customPrecompiles: [NO_POINT_EVALUATION] },
  });
}

/** A block of this header and no transactions: what the EVM asks about its surroundings. */
export function surroundings(context: ChainContext, header: HeaderData) {
  return createEmptyBlock(header, { common: context.rules });
}
