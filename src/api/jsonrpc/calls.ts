import type { CallRequest, CallResult } from '../../execution/engine.ts';
import { executionError } from '../../execution/errors.ts';
import { REVERTED } from '../../execution/message.ts';
import { revertError } from '../../execution/revert.ts';
import type { TransactionRequest } from './parse.ts';

/** The part of a transaction object that a call uses. */
export function callOf({ chainId: _, ...call }: TransactionRequest): CallRequest {
  return call;
}

/** What a call returned. @throws EXECUTION_REVERTED (code 3, the revert's data), EXECUTION_CALL_FAILED with the EVM's exception */
export function returned({ failure, returnData }: Pick<CallResult, 'failure' | 'returnData'>): Uint8Array {
  if (failure === undefined) return returnData;
  throw failure === REVERTED ? revertError(returnData) : executionError('EXECUTION_CALL_FAILED', failure);
}
