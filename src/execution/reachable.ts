import { RLP } from '@ethereumjs/rlp';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Write } from '../store/kv.ts';
import { codeName, storeKeyOf, type WrittenNodes } from './trie-database.ts';

/** A leaf's path has this bit in its first nibble (hex-prefix encoding, yellow paper, appendix C). */
const LEAF_FLAG = 0x20;
const BRANCH_ITEMS = 17;
const HASH_BYTES = 32;

type Item = Uint8Array | readonly Item[];

/**
 * The writes that make a state root complete in the store: of all nodes that execution made only those the new root
 * reaches, about a fifth. A node that is not among the made ones is in the store, with all below it.
 */
export function reachableWrites(written: WrittenNodes, stateRoot: Hash): readonly Write[] {
  const writes: Write[] = [];
  const seen = new Set<string>();

  function take(name: string): Uint8Array | undefined {
    const value = written.get(name);
    if (value === undefined || seen.has(name)) return undefined;
    seen.add(name);
    writes.push({ key: storeKeyOf(name), value });
    return value;
  }

  function visit(hash: Uint8Array, isAccountTrie: boolean): void {
    const node = take(toHex(hash).slice(2));
    if (node !== undefined) walk(RLP.decode(node) as Item, isAccountTrie);
  }

  /** A child is a hash, a short node in place, or nothing. */
  function follow(child: Item | undefined, isAccountTrie: boolean): void {
    if (child instanceof Uint8Array) {
      if (child.length === HASH_BYTES) visit(child, isAccountTrie);
    } else if (child !== undefined) walk(child, isAccountTrie);
  }

  function walk(node: Item, isAccountTrie: boolean): void {
    if (node instanceof Uint8Array) return;
    if (node.length === BRANCH_ITEMS) {
      for (const child of node) follow(child, isAccountTrie);
      return;
    }
    const [path, next] = node;
    const isLeaf = path instanceof Uint8Array && ((path[0] ?? 0) & LEAF_FLAG) !== 0;
    if (!isLeaf) follow(next, isAccountTrie);
    else if (isAccountTrie && next instanceof Uint8Array) {
      const [, , storageRoot, codeHash] = RLP.decode(next) as Uint8Array[];
      if (storageRoot !== undefined) visit(storageRoot, false);
      if (codeHash !== undefined) take(codeName(codeHash));
    }
  }

  visit(stateRoot, true);
  return writes;
}
