import { createMerkleProof } from '@ethereumjs/mpt';
import { Address as EthereumAddress, KECCAK256_NULL, KECCAK256_RLP } from '@ethereumjs/util';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { KeyValueStore } from '../store/kv.ts';
import type { AccountProof } from './engine.ts';
import type { ChainContext } from './machine.ts';
import { createTrieDatabase, openState, openTrie } from './trie-database.ts';

/** Merkle paths from a state root to an account, and from its storage root to slots (EIP-1186). Absence is proven the same way. */
export async function accountProof(
  environment: { readonly context: ChainContext; readonly store: KeyValueStore; readonly stateRoot: Hash },
  address: Address,
  slots: readonly Uint8Array[],
): Promise<AccountProof> {
  const { context, store, stateRoot } = environment;
  const { database } = createTrieDatabase(store);
  const state = openState(context.rules, database, stateRoot);
  const account = await state.getAccount(new EthereumAddress(address));
  const storageRoot = account?.storageRoot ?? KECCAK256_RLP;
  const isEmpty = Buffer.compare(storageRoot, KECCAK256_RLP) === 0;
  const storageTrie = openTrie(context.rules, database, storageRoot);
  const storageProof: AccountProof['storageProof'][number][] = [];
  for (const slot of slots) {
    storageProof.push({
      slot,
      value: account === undefined ? new Uint8Array(0) : await state.getStorage(new EthereumAddress(address), slot),
      proof: isEmpty ? [] : await createMerkleProof(storageTrie, slot),
    });
  }
  return {
    address,
    accountProof: await createMerkleProof(openTrie(context.rules, database, stateRoot), address),
    balance: account?.balance ?? 0n,
    nonce: account?.nonce ?? 0n,
    codeHash: account?.codeHash ?? KECCAK256_NULL,
    storageRoot,
    storageProof,
  };
}
