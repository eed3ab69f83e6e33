import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';

/** The bytes of a final or pooled transaction; null when unknown. */
export const ethGetRawTransactionByHash: RpcMethod = {
  name: 'eth_getRawTransactionByHash',
  call([hash], { view }) {
    const wanted = parseHash(hash, 'hash');
    const raw = view.execution.transaction(wanted)?.raw ?? view.chain.pooled(wanted);
    return raw === undefined ? null : data(raw);
  },
};
