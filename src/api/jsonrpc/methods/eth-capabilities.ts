import { headerAt } from '../blocks.ts';
import { data, quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';

/** From which block on this node answers what: everything from the genesis on. */
export const ethCapabilities: RpcMethod = {
  name: 'eth_capabilities',
  call(_, { view }) {
    const head = headerAt(view, 'latest');
    const all = { disabled: false, oldestBlock: '0x0' };
    return {
      head: head === undefined ? null : { number: quantity(head.number), hash: data(head.hash) },
      state: all,
      tx: all,
      logs: all,
      receipts: all,
      blocks: all,
      stateproofs: all,
    };
  },
};
