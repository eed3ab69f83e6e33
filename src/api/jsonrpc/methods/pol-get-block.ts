import { consensusBlockJson } from '../../view-models.ts';
import type { RpcMethod } from '../handler.ts';
import { parseQuantity } from '../parse.ts';

/** The consensus side of a block: header, operations, certificate, and the settled model’s root. */
export const polGetBlock: RpcMethod = {
  name: 'pol_getBlock',
  call([number], { view }) {
    return consensusBlockJson(view, Number(parseQuantity(number, 'number'))) ?? null;
  },
};
