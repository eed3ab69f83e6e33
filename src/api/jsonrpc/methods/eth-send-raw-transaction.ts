import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBytes } from '../parse.ts';

/** Pools and gossips a signed transaction. */
export const ethSendRawTransaction: RpcMethod = {
  name: 'eth_sendRawTransaction',
  prepare: async (calls, { view }) => {
    const raws = calls.flatMap(([raw]) => {
      try {
        return [parseBytes(raw, 'transaction')];
      } catch {
        // Its own call says what is wrong with it.
        return [];
      }
    });
    await view.chain.expectTransactions(raws);
  },
  call: async ([raw], { view }) => data(await view.chain.submitTransaction(parseBytes(raw, 'transaction'))),
};
