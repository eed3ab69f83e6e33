import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseHash } from '../parse.ts';

/** The bytes of a final or pooled transaction; empty when unknown. */
export const debugGetRawTransaction: RpcMethod = {
  name: 'debug_getRawTransaction',
  call([hash], { view }) {
    const wanted = parseHash(hash, 'hash');
    const raw = view.execution.transaction(wanted)?.raw ?? view.chain.pooled(wanted);
    return raw === undefined ? '0x' : data(raw);
  },
};
