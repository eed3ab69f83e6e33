import { REVERTED } from '../../execution/message.ts';
import { revertError } from '../../execution/revert.ts';
import type { SimulatedBlock, SimulatedCall, Simulation } from '../../execution/simulate.ts';
import { blockJson } from './blocks.ts';
import { callOf } from './calls.ts';
import { data, quantity } from './format.ts';
import { logJson } from './logs.ts';
import { parseBlockOverrides, parseStateOverrides } from './overrides.ts';
import { isGiven, optionalFields, parseArray, parseBoolean, parseObject, parseTransaction } from './parse.ts';

/** eth_simulateV1's code of a call that ended with an exception of the EVM. */
const VM_ERROR = -32015;

/** The payload of eth_simulateV1. @throws API_INVALID_REQUEST */
export function parseSimulation(
  value: unknown,
  name: string,
): { readonly simulation: Simulation; readonly returnFullTransactions: boolean } {
  const fields = parseObject(value, name);
  const flag = (field: string) => parseBoolean(fields[field] ?? undefined, `${name}.${field}`);
  const blocks = parseArray(fields.blockStateCalls, `${name}.blockStateCalls`).map((item, i) => {
    const place = `${name}.blockStateCalls[${i}]`;
    const block = parseObject(item, place);
    const optional = optionalFields(block, place);
    const calls = isGiven(block.calls) ? parseArray(block.calls, `${place}.calls`) : [];
    return {
      ...optional('block', 'blockOverrides', parseBlockOverrides),
      ...optional('state', 'stateOverrides', parseStateOverrides),
      calls: calls.map((call, j) => callOf(parseTransaction(call, `${place}.calls[${j}]`))),
    };
  });
  return {
    simulation: { blocks, traceTransfers: flag('traceTransfers'), validation: flag('validation') },
    returnFullTransactions: flag('returnFullTransactions'),
  };
}

export function simulatedBlockJson(simulated: SimulatedBlock, full: boolean) {
  const { header, transactions, calls, size } = simulated;
  const withdrawals = header.withdrawalsRoot === undefined ? undefined : [];
  return {
    ...blockJson({ header, transactions, uncles: [], withdrawals, size }, full),
    calls: calls.map((call, index) => callJson(simulated, call, index)),
  };
}

function callJson({ header, transactions }: SimulatedBlock, call: SimulatedCall, index: number) {
  const place = {
    blockNumber: header.number,
    blockHash: header.hash,
    blockTimestamp: header.timestamp,
    transactionHash: transactions[index]?.hash ?? new Uint8Array(32),
    transactionIndex: index,
  };
  return {
    // A call that fails returns nothing; what a revert says stands in its error.
    returnData: call.failure === undefined ? data(call.returnData) : '0x',
    logs: call.logs.map((log) => logJson({ ...log, ...place })),
    gasUsed: quantity(call.gasUsed),
    maxUsedGas: quantity(call.maxUsedGas),
    status: quantity(call.failure === undefined ? 1 : 0),
    ...(call.failure === undefined ? {} : { error: callErrorJson(call.failure, call.returnData) }),
  };
}

function callErrorJson(failure: string, returnData: Uint8Array) {
  if (failure !== REVERTED) return { code: VM_ERROR, message: failure };
  const { message, jsonRpc, data: revert } = revertError(returnData);
  return { code: jsonRpc, message, data: revert };
}
