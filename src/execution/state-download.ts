import { KECCAK256_RLP } from '@ethereumjs/util';
import { concatBytes, equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';
import { executionCrypto } from './crypto.ts';
import { referencesOf, type StateItem } from './trie-nodes.ts';

/**
 * Collects everything that a state root reaches, by hash, in whatever order it comes. A node is written only after all below
 * it, so that a node in the store always stands for its whole subtree: what an earlier download finished is not asked for
 * again, and what a kill interrupted leaves no hole that reads as an empty account.
 */
export interface StateDownload {
  /** Everything is in the store. */
  readonly isComplete: boolean;
  /** Everything has come; some of it may still have to be flushed. */
  readonly isFetched: boolean;
  /** Nodes and code taken over so far. */
  readonly items: number;
  /** Up to `count` items that nobody is fetching, deepest first, so that little is kept in memory. */
  take(count: number): readonly StateItem[];
  /** Items that were taken and did not come. */
  giveBack(items: readonly StateItem[]): void;
  /** False when these are not the bytes that the item's hash names. Items that nobody waits for are ignored. */
  deliver(item: StateItem, bytes: Uint8Array): boolean;
  /** Bytes that `flush` would write. */
  readonly unwrittenBytes: number;
  /** Writes what is complete. @throws STORE_*; nothing is lost then */
  flush(): Promise<void>;
}

/** An item on its way, or one that came and waits for what it refers to. */
interface Entry {
  readonly item: StateItem;
  bytes: Uint8Array | undefined;
  /** References that are not complete yet. */
  missing: number;
  readonly parents: Entry[];
}

const keyOf = ({ kind, hash }: StateItem): Uint8Array => concatBytes(Uint8Array.of(kind === 'code' ? Prefix.code : Prefix.trieNode), hash);

/** The bytes of a node or of code, for a peer that asks by hash. */
export function readStateItem(store: Pick<KeyValueStore, 'get'>, hash: Hash): Uint8Array | undefined {
  return store.get(keyOf({ kind: 'account', hash })) ?? store.get(keyOf({ kind: 'code', hash }));
}

export function createStateDownload(stateRoot: Hash, dependencies: { readonly store: KeyValueStore }): StateDownload {
  const { store } = dependencies;
  const entries = new Map<string, Entry>();
  /** Not taken by anybody; the last one is the next. */
  const waiting: StateItem[] = [];
  let complete = new Map<string, Write>();
  let flushing = new Map<string, Write>();
  let unwrittenBytes = 0;
  let items = 0;

  const nameOf = (item: StateItem) => `${item.kind === 'code' ? 'c' : 'n'}${toHex(item.hash)}`;
  const isHeld = (item: StateItem, name: string) => complete.has(name) || flushing.has(name) || store.has(keyOf(item));

  /** True when `parent` has to wait for this item. */
  function want(item: StateItem, parent: Entry | undefined): boolean {
    const name = nameOf(item);
    let entry = entries.get(name);
    if (entry === undefined) {
      if (isHeld(item, name)) return false;
      entry = { item, bytes: undefined, missing: 0, parents: [] };
      entries.set(name, entry);
      waiting.push(item);
    }
    if (parent !== undefined) entry.parents.push(parent);
    return true;
  }

  function finish(done: Entry): void {
    const stack = [done];
    for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
      const name = nameOf(entry.item);
      const value = entry.bytes as Uint8Array;
      complete.set(name, { key: keyOf(entry.item), value });
      unwrittenBytes += value.length;
      entries.delete(name);
      for (const parent of entry.parents) {
        parent.missing--;
        if (parent.missing === 0) stack.push(parent);
      }
    }
  }

  if (!equalBytes(stateRoot, KECCAK256_RLP)) want({ kind: 'account', hash: stateRoot }, undefined);

  return {
    get isComplete() {
      return entries.size === 0 && complete.size === 0 && flushing.size === 0;
    },
    get isFetched() {
      return entries.size === 0;
    },
    get items() {
      return items;
    },
    take: (count) => waiting.splice(Math.max(0, waiting.length - count)),
    giveBack(taken) {
      for (const item of taken) if (entries.get(nameOf(item))?.bytes === undefined && entries.has(nameOf(item))) waiting.push(item);
    },
    deliver(item, bytes) {
      const entry = entries.get(nameOf(item));
      if (entry === undefined || entry.bytes !== undefined) return true;
      if (!equalBytes((executionCrypto.keccak256 as (bytes: Uint8Array) => Uint8Array)(bytes), item.hash)) return false;
      entry.bytes = bytes;
      items++;
      if (item.kind !== 'code') {
        for (const reference of referencesOf(bytes, item.kind)) if (want(reference, entry)) entry.missing++;
      }
      if (entry.missing === 0) finish(entry);
      return true;
    },
    get unwrittenBytes() {
      return unwrittenBytes;
    },
    async flush() {
      if (complete.size === 0) return;
      flushing = complete;
      complete = new Map();
      try {
        await store.write([...flushing.values()]);
        unwrittenBytes = 0;
        for (const { value } of complete.values()) unwrittenBytes += value?.length ?? 0;
      } catch (error) {
        complete = new Map([...flushing, ...complete]);
        throw error;
      } finally {
        flushing = new Map();
      }
    },
  };
}
