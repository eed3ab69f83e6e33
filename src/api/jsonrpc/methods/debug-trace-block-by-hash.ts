import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';
import { parseTraceOptions } from '../traces.ts';

/** Traces of all transactions of a block, by its hash. */
export const debugTraceBlockByHash: RpcMethod = {
  name: 'debug_traceBlockByHash',
  async call([block, options], { view }) {
    const traces = await view.execution.traceBlock(parseHash(block, 'hash'), parseTraceOptions(options));
    return traces.map(({ transactionHash, result }) => ({ txHash: data(transactionHash), result }));
  },
};
