import { apiError } from '../../errors.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';

/** The receipts of a block as its receipt trie holds them (EIP-2718). */
export const debugGetRawReceipts: RpcMethod = {
  name: 'debug_getRawReceipts',
  call([block], { view }) {
    const receipts = view.execution.rawReceipts(parseBlock(block, 'block'));
    if (receipts === undefined) throw apiError('API_NOT_FOUND', 'block not found');
    return receipts.map(data);
  },
};
