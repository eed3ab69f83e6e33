import { equalBytes } from '../../../primitives/bytes.ts';
import { apiError } from '../../errors.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseTransaction } from '../parse.ts';
import { requireSpending } from '../signing.ts';

/** Signs with the node's own key and sends. `from` may be left out; it can only be that account. */
export const ethSendTransaction: RpcMethod = {
  name: 'eth_sendTransaction',
  async call([request], { view, maySpend }) {
    requireSpending('eth_sendTransaction', { maySpend });
    const { from, gasPrice, chainId, blobVersionedHashes, authorizations, maxFeePerBlobGas, ...transaction } = parseTransaction(
      request,
      'transaction',
    );
    if ([blobVersionedHashes, authorizations, maxFeePerBlobGas].some((part) => part !== undefined)) {
      throw apiError(
        'API_INVALID_REQUEST',
        'transaction: this node signs fee market transactions only; sign those with blobs or authorizations yourself',
      );
    }
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
