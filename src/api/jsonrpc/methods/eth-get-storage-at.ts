import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress, parseBlock, parseSlot } from '../parse.ts';

/** One storage slot, as 32 bytes. */
export const ethGetStorageAt: RpcMethod = {
  name: 'eth_getStorageAt',
  async call([address, slot, block], { view }) {
    const account = parseAddress(address, 'address');
    return data(await view.execution.storage(account, parseSlot(slot, 'slot'), parseBlock(block, 'block')));
  },
};
