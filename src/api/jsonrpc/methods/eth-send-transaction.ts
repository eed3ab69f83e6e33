import { equalBytes } from '../../../primitives/bytes.ts';
import { apiError } from '../../errors.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseTransaction } from '../parse.ts';

/** Signs with the node's own key and sends. `from` may be left out; it can only be that account. */
export const ethSendTransaction: RpcMethod = {
  name: 'eth_sendTransaction',
  async call([request], { view, maySpend }) {
    if (!maySpend) {
      throw apiError(
        'API_FORBIDDEN',
        'eth_sendTransaction spends the node’s coins: it is for programs of this machine, with the API on loopback (--api-host 127.0.0.1), and not for web pages',
      );
    }
    const { from, gasPrice, chainId, ...transaction } = parseTransaction(request, 'transaction');
    if (from !== undefined && !equalBytes(from, view.wallet.address)) {
      throw apiError('API_INVALID_REQUEST', `from: unknown account; this node signs for ${data(view.wallet.address)} only`);
    }
    const ownChain = view.identity.genesis.chain_id;
    if (chainId !== undefined && chainId !== BigInt(ownChain)) {
      throw apiError('API_INVALID_REQUEST', `chainId: ${chainId} does not match node's ${ownChain}`);
    }
    // Without either, the coins would go into a contract without code, and stay there.
    if (transaction.to === undefined && (transaction.data === undefined || transaction.data.length === 0)) {
      throw apiError('API_INVALID_REQUEST', 'to: missing, and without "data" there is no contract to create');
    }
    const legacyPrice = gasPrice === undefined ? {} : { maxFeePerGas: gasPrice, maxPriorityFeePerGas: gasPrice };
    return data(await view.wallet.send({ to: undefined, ...legacyPrice, ...transaction }));
  },
};
