import type { Common } from '@ethereumjs/common';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import { type BatchDBOp, type DB, KECCAK256_RLP, ValueEncoding } from '@ethereumjs/util';
import { concatBytes, fromHex, toHex } from '../primitives/bytes.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';
import { executionError } from './errors.ts';

/** EthereumJS names a node by the hexadecimal digits of its hash, and code by 'c' (63) and those of its hash. */
const NODE_NAME_LENGTH = 64;
const CODE_MARK = '63';
const EMPTY_ROOT_NAME = toHex(KECCAK256_RLP).slice(2);

/** Nodes and code that an execution made, by EthereumJS's name; not in the store. */
export type WrittenNodes = ReadonlyMap<string, Uint8Array>;

export interface TrieDatabase {
  readonly database: DB<string, Uint8Array>;
  readonly written: WrittenNodes;
}

/** Key in the store of a node or of code. */
export function storeKeyOf(name: string): Uint8Array {
  return name.length === NODE_NAME_LENGTH
    ? concatBytes(Uint8Array.of(Prefix.trieNode), fromHex(`0x${name}`))
    : concatBytes(Uint8Array.of(Prefix.code), fromHex(`0x${name.slice(CODE_MARK.length)}`));
}

/** EthereumJS's name of the code with this hash. */
export function codeName(codeHash: Uint8Array): string {
  return CODE_MARK + toHex(codeHash).slice(2);
}

/**
 * A trie database over the store: reads fall through, writes stay in memory. Nothing is ever deleted: names are hashes of
 * contents, and historic states stay readable.
 *
 * A node that is nowhere is an error here. EthereumJS takes a missing node for an absent key, so that a damaged store would
 * turn balances into zero without a word.
 */
export function createTrieDatabase(store: Pick<KeyValueStore, 'get'>): TrieDatabase {
  const written = new Map<string, Uint8Array>();
  /** A checkpoint writes back what it has only read; that is in the store already. */
  const stored = new Set<string>();

  const database: DB<string, Uint8Array> = {
    async get(name) {
      const own = written.get(name);
      if (own !== undefined) return own;
      if (name === EMPTY_ROOT_NAME) return undefined;
      const value = store.get(storeKeyOf(name));
      if (value === undefined) {
        throw executionError('EXECUTION_STATE_MISSING', `the state lacks ${name}: restore the data directory or synchronise anew`);
      }
      stored.add(name);
      return value;
    },
    async put(name, value) {
      if (!stored.has(name)) written.set(name, value);
    },
    async del() {},
    async batch(operations: BatchDBOp<string, Uint8Array>[]) {
      for (const operation of operations) {
        if (operation.type === 'put' && !stored.has(operation.key)) written.set(operation.key, operation.value);
      }
    },
    shallowCopy: () => database,
    async open() {},
  };
  return { database, written };
}

/** The account trie at a state root. */
export function openTrie(rules: Common, database: DB<string, Uint8Array>, stateRoot: Uint8Array): MerklePatriciaTrie {
  return new MerklePatriciaTrie({ common: rules, db: database, root: stateRoot, useKeyHashing: true, valueEncoding: ValueEncoding.Bytes });
}

/**
 * Accounts, storage and code at a state root, for execution. The caches are the ordered maps: EthereumJS's LRU cache loses
 * accounts that were changed and not yet flushed.
 */
export function openState(rules: Common, database: DB<string, Uint8Array>, stateRoot: Uint8Array): MerkleStateManager {
  return new MerkleStateManager({ common: rules, trie: openTrie(rules, database, stateRoot), caches: new Caches() });
}
