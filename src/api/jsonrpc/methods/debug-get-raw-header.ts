import { apiError } from '../../errors.ts';
import { headerAt } from '../blocks.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';

/** RLP of a header. */
export const debugGetRawHeader: RpcMethod = {
  name: 'debug_getRawHeader',
  call([block], { view }) {
    const header = headerAt(view, parseBlock(block, 'block'));
    if (header === undefined) throw apiError('API_NOT_FOUND', 'header not found');
    return data(header.raw);
  },
};
