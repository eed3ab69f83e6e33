import { feeHistory, parsePercentiles } from '../fee-history.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBlock, parseQuantity } from '../parse.ts';

/** Base fees, fullness and tips of past blocks (EIP-1559). */
export const ethFeeHistory: RpcMethod = {
  name: 'eth_feeHistory',
  call([count, newest, percentiles], { view }) {
    return feeHistory(view, parseQuantity(count, 'blockCount'), parseBlock(newest, 'newestBlock'), parsePercentiles(percentiles));
  },
};
