import { apiError } from '../../errors.ts';
import { MAX_STORAGE_VALUES } from '../../limits.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseAddress, parseArray, parseBlock, parseObject, parseSlot } from '../parse.ts';

/** Storage slots of several accounts at once. */
export const ethGetStorageValues: RpcMethod = {
  name: 'eth_getStorageValues',
  async call([request, block], { view }) {
    const accounts = Object.entries(parseObject(request, 'request'));
    const wanted = accounts.map(([address, slots]) => ({
      name: address,
      address: parseAddress(address, 'address'),
      slots: parseArray(slots, address).map((slot, i) => parseSlot(slot, `${address}[${i}]`)),
    }));
    const count = wanted.reduce((sum, { slots }) => sum + slots.length, 0);
    if (count === 0) throw apiError('API_INVALID_REQUEST', 'empty request');
    if (count > MAX_STORAGE_VALUES) throw apiError('API_INVALID_REQUEST', `too many slots: at most ${MAX_STORAGE_VALUES}`);
    const at = parseBlock(block, 'block');
    const values: Record<string, readonly string[]> = {};
    for (const { name, address, slots } of wanted) {
      values[name] = await Promise.all(slots.map(async (slot) => data(await view.execution.storage(address, slot, at))));
    }
    return values;
  },
};
