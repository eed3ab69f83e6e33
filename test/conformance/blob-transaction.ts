import { createHash } from 'node:crypto';
import { RLP } from '@ethereumjs/rlp';
import { decodeTransactionView } from '../../src/execution/transaction-view.ts';
import { compareBytes, concatBytes } from '../../src/primitives/bytes.ts';

type Item = Uint8Array | Item[];

const BLOB_TYPE = 3;
/** Version of a hash that names a KZG commitment (EIP-4844). */
const COMMITMENT_VERSION = 1;

/**
 * Hash of a blob transaction in its network form (EIP-7594: transaction, version, blobs, commitments, cell proofs). Its sender and
 * the hashes of its commitments are checked; the proofs are not: this project has no blobs.
 */
export function blobTransactionHash(network: Uint8Array): Uint8Array {
  const [body, , , commitments] = RLP.decode(network.subarray(1)) as Item[];
  const transaction = decodeTransactionView(concatBytes(Uint8Array.of(BLOB_TYPE), RLP.encode(body as never)));
  const hashes = (commitments as Uint8Array[]).map((commitment) => {
    const hash = new Uint8Array(createHash('sha256').update(commitment).digest());
    hash[0] = COMMITMENT_VERSION;
    return hash;
  });
  const stated = transaction.blobVersionedHashes ?? [];
  if (stated.length !== hashes.length || hashes.some((hash, i) => compareBytes(hash, stated[i] ?? hash.subarray(1)) !== 0)) {
    throw new RangeError('the commitments are not those that the transaction names');
  }
  return transaction.hash;
}
