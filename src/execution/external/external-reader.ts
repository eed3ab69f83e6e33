import { fromHex, type Hex, toHex, toQuantity } from '../../primitives/bytes.ts';
import { decodeHeader } from '../block-view.ts';
import type { BlockReference, CallRequest, ExecutionHead, ExecutionReader } from '../engine.ts';
import { executionError } from '../errors.ts';
import type { EngineRpc } from './engine-rpc.ts';

/**
 * Blocks, transactions, receipts and logs come from this node's own records; state and calls from the execution client, which has them.
 * Traces, proofs, access lists and simulations are refused, with the place to ask.
 */
export function createExternalReader(records: ExecutionReader, rpc: EngineRpc, head: () => ExecutionHead): ExecutionReader {
  /** 'latest' is this node's head: the client may be a block ahead. @throws EXECUTION_UNKNOWN_BLOCK */
  function blockAt(at: BlockReference): Hex {
    if (at === 'latest') return toQuantity(head().number);
    if (typeof at === 'number') return toQuantity(at);
    const bytes = records.block(at);
    if (bytes === undefined) throw executionError('EXECUTION_UNKNOWN_BLOCK', `header not found: ${toHex(at)}`);
    return toQuantity(decodeHeader(bytes).number);
  }

  const word = (bytes: Uint8Array) => toHex(new Uint8Array([...new Uint8Array(32 - bytes.length), ...bytes]));
  const refuse = (what: string) => async (): Promise<never> => {
    throw executionError(
      'EXECUTION_CLIENT_UNSUPPORTED',
      `this node's execution runs in an external client, which is not asked for ${what}: ask the client's own JSON-RPC port`,
    );
  };

  return {
    ...records,
    balance: async (address, at = 'latest') => BigInt(await rpc.call<Hex>('eth_getBalance', toHex(address), blockAt(at))),
    nonce: async (address, at = 'latest') => BigInt(await rpc.call<Hex>('eth_getTransactionCount', toHex(address), blockAt(at))),
    code: async (address, at = 'latest') => fromHex(await rpc.call<Hex>('eth_getCode', toHex(address), blockAt(at))),
    async storage(address, slot, at = 'latest') {
      const value = await rpc.call<Hex>('eth_getStorageAt', toHex(address), word(slot), blockAt(at));
      return fromHex(word(fromHex(value)));
    },
    async call(request, at = 'latest', overrides = {}) {
      if (overrides.state !== undefined || overrides.block !== undefined) return refuse('calls with overrides')();
      const returnData = fromHex(await rpc.call<Hex>('eth_call', callOf(request), blockAt(at)));
      return { returnData, gasUsed: 0n, failure: undefined };
    },
    async estimateGas(request, at = 'latest', overrides = {}) {
      if (overrides.state !== undefined || overrides.block !== undefined) return refuse('estimates with overrides')();
      // EthereumJS's client refuses to estimate what offers less than the base fee, and takes one price only.
      const { maxFeePerGas: _, maxPriorityFeePerGas: __, ...rest } = request;
      const { baseFeePerGas, nextBaseFeePerGas } = head();
      const least = baseFeePerGas > nextBaseFeePerGas ? baseFeePerGas : nextBaseFeePerGas;
      const gasPrice = request.gasPrice !== undefined && request.gasPrice > least ? request.gasPrice : least;
      return BigInt(await rpc.call<Hex>('eth_estimateGas', callOf({ ...rest, gasPrice }), blockAt(at)));
    },
    proof: refuse('proofs'),
    createAccessList: refuse('access lists'),
    simulate: refuse('simulations'),
    traceTransaction: refuse('traces'),
    traceBlock: refuse('traces'),
    traceCall: refuse('traces'),
  };
}

function callOf(request: CallRequest): Record<string, Hex> {
  const quantity = (name: string, value: bigint | undefined) => (value === undefined ? {} : { [name]: toQuantity(value) });
  const bytes = (name: string, value: Uint8Array | undefined) => (value === undefined ? {} : { [name]: toHex(value) });
  return {
    ...bytes('from', request.from),
    ...bytes('to', request.to),
    ...bytes('data', request.data),
    ...quantity('value', request.value),
    ...quantity('gas', request.gas),
    ...quantity('gasPrice', request.gasPrice),
    ...quantity('maxFeePerGas', request.maxFeePerGas),
    ...quantity('maxPriorityFeePerGas', request.maxPriorityFeePerGas),
  };
}
