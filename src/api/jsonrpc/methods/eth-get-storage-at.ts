import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { numberToBytes32, parseAddress, parseBlock, parseQuantity } from '../parse.ts';

/** One storage slot, as 32 bytes. */
export const ethGetStorageAt: RpcMethod = {
  name: 'eth_getStorageAt',
  async call([address, slot, block], { view }) {
    const key = numberToBytes32(parseQuantity(slot, 'slot'));
    return data(await view.execution.storage(parseAddress(address, 'address'), key, parseBlock(block, 'block')));
  },
};
