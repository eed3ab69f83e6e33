import { concatBytes } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { KeyValueStore } from '../../store/kv.ts';
import { Prefix } from '../../store/prefixes.ts';
import { executionError } from '../errors.ts';
import type { NodeSource } from './merkle-trie.ts';

/** What a state must hold; a hole is the store's fault, and never an absent account. @throws EXECUTION_STATE_MISSING */
export function requiredItem(store: Pick<KeyValueStore, 'get'>, prefix: number, hash: Hash, what: string): Uint8Array {
  const value = store.get(concatBytes(Uint8Array.of(prefix), hash));
  if (value === undefined) {
    throw executionError('EXECUTION_STATE_MISSING', `the store lacks ${what}: restore the data directory or synchronise anew`);
  }
  return value;
}

/** Nodes of the store's tries. */
export function storedNodes(store: Pick<KeyValueStore, 'get'>): NodeSource {
  return (hash) => requiredItem(store, Prefix.trieNode, hash, 'a node of the state trie');
}
