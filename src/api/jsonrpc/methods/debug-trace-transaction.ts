import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';
import { parseTraceOptions } from '../traces.ts';

/** What a final transaction did, instruction by instruction or as a named tracer tells it. */
export const debugTraceTransaction: RpcMethod = {
  name: 'debug_traceTransaction',
  call: ([hash, options], { view }) => view.execution.traceTransaction(parseHash(hash, 'hash'), parseTraceOptions(options)),
};
