import { callOf } from '../calls.ts';
import { data, quantity } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseOverrides } from '../overrides.ts';
import { parseBlock, parseTransaction } from '../parse.ts';

/** The accounts and slots a transaction touches (EIP-2930), and the gas it uses with that list. */
export const ethCreateAccessList: RpcMethod = {
  name: 'eth_createAccessList',
  async call([request, block, state, blockOverrides], { view }) {
    const overrides = parseOverrides(state, blockOverrides);
    const call = callOf(parseTransaction(request, 'transaction'));
    const { accessList, gasUsed, failure } = await view.execution.createAccessList(call, parseBlock(block, 'block'), overrides);
    return {
      accessList: accessList.map(({ address, storageKeys }) => ({ address: data(address), storageKeys: storageKeys.map(data) })),
      ...(failure === undefined ? {} : { error: failure }),
      gasUsed: quantity(gasUsed),
    };
  },
};
