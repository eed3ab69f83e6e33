import type { RpcMethod } from '../handler.ts';

/** True while the node accepts peers. */
export const netListening: RpcMethod = {
  name: 'net_listening',
  call: (_, { view }) => view.addresses().length > 0,
};
