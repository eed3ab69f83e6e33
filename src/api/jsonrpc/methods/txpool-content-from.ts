import { checksumAddress } from '../../../primitives/keys.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress } from '../parse.ts';
import { poolContent } from '../pool.ts';
import { pooledTransactionJson } from '../transactions.ts';

/** One sender’s pooled transactions, by nonce. */
export const txpoolContentFrom: RpcMethod = {
  name: 'txpool_contentFrom',
  call([address], { view }) {
    const sender = parseAddress(address, 'address');
    const { pending, queued } = poolContent(view, ({ raw }) => pooledTransactionJson(raw), sender);
    return { pending: pending[checksumAddress(sender)] ?? {}, queued: queued[checksumAddress(sender)] ?? {} };
  },
};
