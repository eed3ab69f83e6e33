import type { CallRequest, CallResult } from '../../execution/engine.ts';
import { PolError } from '../../primitives/errors.ts';
import { data } from './format.ts';
import type { TransactionRequest } from './parse.ts';

const EXECUTION_REVERTED = 3;
const EXECUTION_FAILED = -32000;

/** The part of a transaction object that a call uses. */
export function callOf(request: TransactionRequest): CallRequest {
  const { maxFeePerGas, maxPriorityFeePerGas, nonce, ...call } = request;
  return maxFeePerGas === undefined ? call : { ...call, gasPrice: maxFeePerGas };
}

/** geth's error for a failed call: code 3 with the revert's data, else -32000 with the EVM's exception. */
export function executionFailed(result: CallResult): PolError {
  const reverted = result.failure === 'revert';
  return new PolError('EXECUTION_FAILED', reverted ? 'execution reverted' : `execution failed: ${result.failure}`, {
    http: 400,
    jsonRpc: reverted ? EXECUTION_REVERTED : EXECUTION_FAILED,
    ...(reverted ? { data: data(result.returnData) } : {}),
  });
}
