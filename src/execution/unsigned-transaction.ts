import { RLP } from '@ethereumjs/rlp';
import { concatBytes } from '../primitives/bytes.ts';
import { keccak256 } from '../primitives/hash.ts';
import { messageParts } from './calls.ts';
import type { CallRequest } from './engine.ts';
import type { TransactionView } from './transaction-view.ts';

/**
 * The transaction that a simulated call stands for, with zeros for a signature: of type 2, unless the call names a gas price or
 * blobs.
 */
export function unsignedTransaction(
  request: CallRequest & { readonly gas: bigint; readonly nonce: bigint },
  chainId: number,
): TransactionView {
  const { from, to, value, data, accessList, blobVersionedHashes } = messageParts(request);
  const type = request.gasPrice !== undefined ? 0 : request.blobVersionedHashes !== undefined ? 3 : 2;
  const { gas, nonce, gasPrice, maxFeePerBlobGas = 0n } = request;
  const tip = request.maxPriorityFeePerGas ?? 0n;
  const maxFee = request.maxFeePerGas ?? 0n;
  const target = to?.bytes ?? new Uint8Array(0);
  const list = accessList.map(({ address, storageKeys }) => [address, [...storageKeys]]);
  const fields =
    type === 0
      ? [nonce, gasPrice ?? 0n, gas, target, value, data]
      : [
          BigInt(chainId),
          nonce,
          tip,
          maxFee,
          gas,
          target,
          value,
          data,
          list,
          ...(type === 3 ? [maxFeePerBlobGas, [...blobVersionedHashes]] : []),
        ];
  const encoded = RLP.encode([...fields, 0, 0, 0] as Parameters<typeof RLP.encode>[0]);
  const raw = type === 0 ? encoded : concatBytes(Uint8Array.of(type), encoded);
  return {
    hash: keccak256(raw),
    type,
    chainId: type === 0 ? undefined : BigInt(chainId),
    from: from.bytes,
    to: to?.bytes,
    nonce,
    gas,
    gasPrice: type === 0 ? gasPrice : undefined,
    maxFeePerGas: type === 0 ? undefined : maxFee,
    maxPriorityFeePerGas: type === 0 ? undefined : tip,
    maxFeePerBlobGas: type === 3 ? maxFeePerBlobGas : undefined,
    blobVersionedHashes: type === 3 ? blobVersionedHashes : undefined,
    value,
    input: data,
    accessList: type === 0 ? undefined : accessList,
    authorizationList: undefined,
    v: 0n,
    yParity: 0,
    r: 0n,
    s: 0n,
    raw,
  };
}
