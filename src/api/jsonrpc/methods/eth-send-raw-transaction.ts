import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBytes } from '../parse.ts';

/** Pools and gossips a signed transaction. */
export const ethSendRawTransaction: RpcMethod = {
  name: 'eth_sendRawTransaction',
  call: async ([raw], { view }) => data(await view.chain.submitTransaction(parseBytes(raw, 'transaction'))),
};
