import { type Block, createEmptyBlock, type HeaderData } from '@ethereumjs/block';
import { type Common, Hardfork, type StateManagerInterface } from '@ethereumjs/common';
import { EVMError, type EVMOpts } from '@ethereumjs/evm';
import { createAddressFromString } from '@ethereumjs/util';
import { createVM, type VM } from '@ethereumjs/vm';
import type { Hash } from '../primitives/hash.ts';
import { boundedRevert } from './bounded-revert.ts';

type CustomPrecompile = NonNullable<EVMOpts['customPrecompiles']>[number];
type CustomOpcode = NonNullable<EVMOpts['customOpcodes']>[number];

/** What every execution on a chain shares. */
export interface ChainContext {
  /** The rules that new blocks are built and judged by. */
  readonly rules: Common;
  /** The rules of a block: this chain never forked, imported chains have. */
  rulesAt(block: { readonly number: number; readonly timestamp: number }): Common;
  /** Whether blob transactions exist. */
  readonly hasBlobs: boolean;
  /** In place of the EVM's own. */
  readonly precompiles: readonly CustomPrecompile[];
  readonly chainId: number;
  /** Gas limit of every block: the genesis's. */
  readonly gasLimit: bigint;
  /** Most gas that a block's transactions may have left for code, all together (limits.ts). */
  readonly executionGasLimit: bigint;
  /** Hash of a final block, for the BLOCKHASH instruction. */
  blockHash(number: number): Hash | undefined;
}

/**
 * KZG point evaluation (EIP-4844) serves blobs, which this chain has none of: a call to it fails and uses up its gas, as one
 * with a wrong proof does. EthereumJS's own throws through the whole transaction without a trusted setup.
 */
export const NO_POINT_EVALUATION: CustomPrecompile = {
  address: createAddressFromString('0x000000000000000000000000000000000000000a'),
  function: ({ gasLimit }) => ({
    executionGasUsed: gasLimit,
    returnValue: new Uint8Array(0),
    exceptionError: new EVMError(EVMError.errorMessages.INVALID_PROOF),
  }),
};

/** How one execution differs from a block's: what questions to the API need. */
export interface MachineOptions {
  /** Rules other than those that new blocks follow. */
  readonly rules?: Common;
  readonly opcodes?: readonly CustomOpcode[];
  /** In place of the chain's. */
  readonly precompiles?: readonly CustomPrecompile[];
  /** Hashes of blocks that only this execution knows (eth_simulateV1). */
  readonly blockHash?: (number: number) => Hash | undefined;
}

/** An EVM over one state, to be used by one execution. */
export async function createMachine(context: ChainContext, state: StateManagerInterface, options: MachineOptions = {}): Promise<VM> {
  const { rules = context.rules, opcodes = [], precompiles = context.precompiles, blockHash = context.blockHash } = options;
  const blockchain = {
    async getBlock(number: number) {
      const hash = blockHash(number) ?? new Uint8Array(32);
      return { hash: () => hash };
    },
    async putBlock() {},
    shallowCopy: () => blockchain,
  };
  const machine = await createVM({
    common: rules,
    stateManager: state,
    blockchain,
    evmOpts: {
      common: rules,
      stateManager: state,
      blockchain,
      customPrecompiles: [...precompiles],
      ...(opcodes.length === 0 ? {} : { customOpcodes: [...opcodes, ...(hasRevert(rules) ? [boundedRevert(rules)] : [])] }),
    },
  });
  // Each EVM listens for a change of its rules, which never change: listening, it would stay in memory for ever, 60 KiB of it.
  rules.events.removeAllListeners('hardforkChanged');
  return machine;
}

/** Byzantium brought it (EIP-140). */
function hasRevert(rules: Common): boolean {
  return rules.gteHardfork(Hardfork.Byzantium);
}

/** A block of this header and no transactions: what the EVM asks about its surroundings. */
export function surroundings(rules: Common, header: HeaderData, blobBaseFee?: bigint): Block {
  const block = createEmptyBlock(header, { common: rules, freeze: blobBaseFee === undefined });
  // The price is a function of the excess in the header; a question may pretend another.
  if (blobBaseFee !== undefined) block.header.getBlobGasPrice = () => blobBaseFee;
  return block;
}
