import { KECCAK256_RLP } from '@ethereumjs/util';
import type { Hash } from '../primitives/hash.ts';
import type { PayloadAttributes } from './engine.ts';
import { createMerkleTrie, rootOf } from './state/merkle-trie.ts';
import { encodedBytes, encodedInteger, encodedList } from './state/rlp-parts.ts';

/** Root of the trie of a block's list: RLP of the index → item (yellow paper, section 4.3). */
export function listRoot(items: readonly Uint8Array[]): Hash {
  const trie = createMerkleTrie(KECCAK256_RLP, () => {
    throw new RangeError('a list’s trie is made in memory');
  });
  for (const [index, item] of items.entries()) trie.set(encodedInteger(index), item);
  return rootOf(trie);
}

/** RLP of each withdrawal (EIP-4895); the chain's have no validator. */
export function encodeWithdrawals(withdrawals: PayloadAttributes['withdrawals']): readonly Uint8Array[] {
  return withdrawals.map(({ index, address, gwei }) =>
    encodedList([encodedInteger(index), encodedInteger(0), encodedBytes(address), encodedInteger(gwei)]),
  );
}
