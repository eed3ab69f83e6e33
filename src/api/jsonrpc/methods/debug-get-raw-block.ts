import { apiError } from '../../errors.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';

/** RLP of a block. */
export const debugGetRawBlock: RpcMethod = {
  name: 'debug_getRawBlock',
  call([block], { view }) {
    const bytes = view.execution.block(parseBlock(block, 'block'));
    if (bytes === undefined) throw apiError('API_NOT_FOUND', 'block not found');
    return data(bytes);
  },
};
