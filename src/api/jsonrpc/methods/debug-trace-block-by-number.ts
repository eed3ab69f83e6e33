import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';
import { parseTraceOptions } from '../traces.ts';

/** Traces of all transactions of a block, by its number. */
export const debugTraceBlockByNumber: RpcMethod = {
  name: 'debug_traceBlockByNumber',
  async call([block, options], { view }) {
    const traces = await view.execution.traceBlock(parseBlock(block, 'number'), parseTraceOptions(options));
    return traces.map(({ transactionHash, result }) => ({ txHash: data(transactionHash), result }));
  },
};
