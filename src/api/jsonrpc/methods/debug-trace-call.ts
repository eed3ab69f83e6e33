import { callOf } from '../calls.ts';
import type { RpcMethod } from '../handler.ts';
import { parseOverrides } from '../overrides.ts';
import { isGiven, parseBlock, parseObject, parseTransaction } from '../parse.ts';
import { parseTraceOptions } from '../traces.ts';

/** What a call does, as debug_traceTransaction tells it. */
export const debugTraceCall: RpcMethod = {
  name: 'debug_traceCall',
  call([request, block, options], { view }) {
    const { stateOverrides, blockOverrides } = isGiven(options) ? parseObject(options, 'options') : {};
    return view.execution.traceCall(
      callOf(parseTransaction(request, 'transaction')),
      parseTraceOptions(options),
      parseBlock(block, 'block'),
      parseOverrides(stateOverrides, blockOverrides),
    );
  },
};
