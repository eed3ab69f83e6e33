import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { OriginalStorageCache } from '@ethereumjs/statemanager';
import { Account, type Address as EthereumAddress, KECCAK256_NULL, KECCAK256_RLP } from '@ethereumjs/util';
import { decodeRlp } from '../../codec/rlp.ts';
import { concatBytes, equalBytes } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { Address } from '../../primitives/keys.ts';
import type { KeyValueStore, Write } from '../../store/kv.ts';
import { Prefix } from '../../store/prefixes.ts';
import { fastKeccak256 } from '../crypto.ts';
import { type AccountRecord, decodeAccount, EMPTY_ACCOUNT, encodeAccount, isEmptyAccount } from './account.ts';
import { createMerkleTrie, type MerkleTrie } from './merkle-trie.ts';
import { requiredItem, storedNodes } from './node-source.ts';
import { encodedBytes } from './rlp-parts.ts';

/**
 * Accounts, storage and code on a state root: what one execution reads and changes. It is read synchronously, changed in memory, and
 * hashed once at the end. EthereumJS's EVM runs on it as on its own state manager; transfers go around the EVM by `account` and
 * `setAccount`.
 */
export interface WorldState extends StateManagerInterface {
  /** Undefined: there is no such account. */
  account(address: Address): AccountRecord | undefined;
  /** An empty account is none (EIP-161). */
  setAccount(address: Address, account: AccountRecord): void;
  addBalance(address: Address, wei: bigint): void;
  /** A slot of an account that exists; zero removes it. */
  setStorage(address: Address, slot: Uint8Array, value: Uint8Array): void;
  /** A place that `rollBack` returns to. */
  mark(): number;
  /** Undoes everything since a mark, open checkpoints included. */
  rollBack(mark: number): void;
  /**
   * Hashes what changed, and gives the root with the writes that make it complete in the store. Yields now and then. To be called once,
   * at the end.
   */
  sealing(): Generator<void, { readonly stateRoot: Hash; readonly writes: readonly Write[] }>;
}

type Slots = Map<string, Uint8Array>;

const WORD_BYTES = 32;
const NOTHING = new Uint8Array(0);

/** One character a byte: a Map needs a primitive key. */
const nameOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
const bytesOf = (name: string): Uint8Array => new Uint8Array(Buffer.from(name, 'latin1'));

export function createWorldState(store: Pick<KeyValueStore, 'get'>, stateRoot: Hash): WorldState {
  const nodes = storedNodes(store);
  const accountTrie = createMerkleTrie(stateRoot, nodes);
  /** As the root has them. */
  const before = new Map<string, AccountRecord | undefined>();
  const storedSlots = new Map<string, Uint8Array>();
  const storageTries = new Map<string, MerkleTrie>();
  /** What changed. */
  const accounts = new Map<string, AccountRecord | undefined>();
  const storage = new Map<string, Slots>();
  const codes = new Map<string, Uint8Array>();
  /** How to undo each change, newest last, and where checkpoints began. */
  const undo: (() => void)[] = [];
  const checkpoints: number[] = [];

  function stored(name: string, address: Address): AccountRecord | undefined {
    if (before.has(name)) return before.get(name);
    const bytes = accountTrie.get(fastKeccak256(address));
    const record = bytes === undefined ? undefined : decodeAccount(bytes);
    before.set(name, record);
    return record;
  }

  function account(address: Address): AccountRecord | undefined {
    const name = nameOf(address);
    return accounts.has(name) ? accounts.get(name) : stored(name, address);
  }

  function change<K, V>(map: Map<K, V>, key: K, value: V): void {
    const had = map.has(key);
    const previous = map.get(key) as V;
    undo.push(() => {
      if (had) map.set(key, previous);
      else map.delete(key);
    });
    map.set(key, value);
  }

  function put(address: Address, record: AccountRecord | undefined): void {
    change(accounts, nameOf(address), record);
  }

  function trieOfStorage(root: Hash): MerkleTrie {
    const name = nameOf(root);
    let trie = storageTries.get(name);
    if (trie === undefined) {
      trie = createMerkleTrie(root, nodes);
      storageTries.set(name, trie);
    }
    return trie;
  }

  function slot(address: Address, key: Uint8Array): Uint8Array {
    if (key.length !== WORD_BYTES) throw new RangeError('a storage slot is named by 32 bytes');
    const changed = storage.get(nameOf(address))?.get(nameOf(key));
    if (changed !== undefined) return changed;
    const record = account(address);
    if (record === undefined || equalBytes(record.storageRoot, KECCAK256_RLP)) return NOTHING;
    const name = nameOf(record.storageRoot) + nameOf(key);
    let value = storedSlots.get(name);
    if (value === undefined) {
      const encoded = trieOfStorage(record.storageRoot).get(fastKeccak256(key));
      value = encoded === undefined ? NOTHING : (decodeRlp(encoded) as Uint8Array);
      storedSlots.set(name, value);
    }
    return value;
  }

  function setSlot(address: Address, key: Uint8Array, value: Uint8Array): void {
    if (key.length !== WORD_BYTES) throw new RangeError('a storage slot is named by 32 bytes');
    if (value.length > WORD_BYTES) throw new RangeError('a storage value has at most 32 bytes');
    if (account(address) === undefined) throw new RangeError('storage of an account that does not exist');
    const name = nameOf(address);
    let slots = storage.get(name);
    if (slots === undefined) {
      slots = new Map();
      change(storage, name, slots);
    }
    change(slots, nameOf(key), withoutLeadingZeros(value));
  }

  function forgetStorage(address: Address): void {
    const name = nameOf(address);
    if (storage.has(name)) change(storage, name, new Map());
  }

  function code(address: Address): Uint8Array {
    const record = account(address);
    if (record === undefined || equalBytes(record.codeHash, KECCAK256_NULL)) return NOTHING;
    return codes.get(nameOf(record.codeHash)) ?? requiredItem(store, Prefix.code, record.codeHash, 'a contract’s code');
  }

  function rollBack(mark: number): void {
    while (undo.length > mark) undo.pop()?.();
    while ((checkpoints.at(-1) ?? -1) > mark) checkpoints.pop();
  }

  function* sealing(): ReturnType<WorldState['sealing']> {
    const writes: Write[] = [];
    const keep = (hash: Hash, node: Uint8Array) => {
      writes.push({ key: concatBytes(Uint8Array.of(Prefix.trieNode), hash), value: node });
    };
    const keptCodes = new Set<string>();
    const changed = new Set([...accounts.keys(), ...storage.keys()]);
    for (const name of changed) {
      const address = bytesOf(name);
      let record = account(address);
      const slots = storage.get(name);
      if (record !== undefined && slots !== undefined && slots.size > 0) {
        // A trie of its own: another account may have the same root, and go on from it differently.
        const trie = createMerkleTrie(record.storageRoot, nodes);
        for (const [key, value] of slots) {
          trie.set(fastKeccak256(bytesOf(key)), value.length === 0 ? undefined : encodedBytes(value));
        }
        record = { ...record, storageRoot: yield* trie.hashing(keep) };
      }
      const old = stored(name, address);
      if (record !== undefined && !equalBytes(record.codeHash, KECCAK256_NULL)) {
        const codeName = nameOf(record.codeHash);
        const made = codes.get(codeName);
        if (made !== undefined && !keptCodes.has(codeName)) {
          keptCodes.add(codeName);
          writes.push({ key: concatBytes(Uint8Array.of(Prefix.code), record.codeHash), value: made });
        }
      }
      const encoded = record === undefined ? NOTHING : encodeAccount(record);
      if (equalBytes(encoded, old === undefined ? NOTHING : encodeAccount(old))) continue;
      accountTrie.set(fastKeccak256(address), encoded);
    }
    const root = yield* accountTrie.hashing(keep);
    return { stateRoot: root, writes };
  }

  const state: WorldState = {
    account,
    setAccount: (address, record) => put(address, isEmptyAccount(record) ? undefined : record),
    addBalance(address, wei) {
      if (wei === 0n) return;
      const record = account(address) ?? EMPTY_ACCOUNT;
      put(address, { ...record, balance: record.balance + wei });
    },
    setStorage: setSlot,
    mark: () => undo.length,
    rollBack,
    sealing,

    async getAccount(address) {
      const record = account(address.bytes);
      return record === undefined ? undefined : new Account(record.nonce, record.balance, record.storageRoot, record.codeHash);
    },
    async putAccount(address, given) {
      put(address.bytes, given === undefined ? undefined : recordOf(given));
    },
    async deleteAccount(address) {
      put(address.bytes, undefined);
      forgetStorage(address.bytes);
    },
    async modifyAccountFields(address, fields) {
      put(address.bytes, { ...(account(address.bytes) ?? EMPTY_ACCOUNT), ...given(fields) });
    },
    async putCode(address, value) {
      const codeHash = fastKeccak256(value);
      codes.set(nameOf(codeHash), value);
      put(address.bytes, { ...(account(address.bytes) ?? EMPTY_ACCOUNT), codeHash });
    },
    getCode: async (address) => code(address.bytes),
    getCodeSize: async (address) => code(address.bytes).length,
    getStorage: async (address, key) => slot(address.bytes, key),
    putStorage: async (address, key, value) => setSlot(address.bytes, key, value),
    async clearStorage(address) {
      put(address.bytes, { ...(account(address.bytes) ?? EMPTY_ACCOUNT), storageRoot: KECCAK256_RLP });
      forgetStorage(address.bytes);
    },
    async checkpoint() {
      checkpoints.push(undo.length);
    },
    async commit() {
      checkpoints.pop();
      if (checkpoints.length === 0) state.originalStorageCache.clear();
    },
    async revert() {
      const mark = checkpoints.pop();
      if (mark === undefined) throw new RangeError('there is no checkpoint to return to');
      rollBack(mark);
      if (checkpoints.length === 0) state.originalStorageCache.clear();
    },
    async getStateRoot() {
      throw new RangeError('the root of this state is known when it is sealed');
    },
    async setStateRoot() {
      throw new RangeError('this state stands on one root');
    },
    hasStateRoot: async (root) => store.get(concatBytes(Uint8Array.of(Prefix.trieNode), root)) !== undefined,
    originalStorageCache: new OriginalStorageCache((address: EthereumAddress, key: Uint8Array) => state.getStorage(address, key)),
    clearCaches() {},
    shallowCopy: () => createWorldState(store, stateRoot),
  };
  return state;
}

function recordOf({ nonce, balance, storageRoot, codeHash }: Account): AccountRecord {
  return { nonce, balance, storageRoot, codeHash };
}

function given({ nonce, balance, storageRoot, codeHash }: AccountFields): Partial<AccountRecord> {
  return {
    ...(nonce === undefined ? {} : { nonce }),
    ...(balance === undefined ? {} : { balance }),
    ...(storageRoot === undefined ? {} : { storageRoot }),
    ...(codeHash === undefined ? {} : { codeHash }),
  };
}

function withoutLeadingZeros(value: Uint8Array): Uint8Array {
  let at = 0;
  while (at < value.length && value[at] === 0) at++;
  return value.slice(at);
}
