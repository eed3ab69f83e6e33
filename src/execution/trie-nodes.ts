import { RLP } from '@ethereumjs/rlp';
import { KECCAK256_NULL, KECCAK256_RLP } from '@ethereumjs/util';
import { equalBytes } from '../primitives/bytes.ts';

/** A leaf's path has this bit in its first nibble (hex-prefix encoding, yellow paper, appendix C). */
const LEAF_FLAG = 0x20;
const BRANCH_ITEMS = 17;
const HASH_BYTES = 32;

/** What a name stands for: a node of the account trie, a node of some account's storage trie, or a contract's code. */
export type StateItemKind = 'account' | 'storage' | 'code';

/** A node or code by the keccak-256 of its bytes. */
export interface StateItem {
  readonly kind: StateItemKind;
  readonly hash: Uint8Array;
}

type Item = Uint8Array | readonly Item[];

/**
 * What a node refers to by hash: child nodes, and for an account its storage trie and its code. Children short enough to lie
 * inside the node are followed; the empty trie and empty code are named nowhere.
 */
export function referencesOf(node: Uint8Array, kind: 'account' | 'storage'): readonly StateItem[] {
  const found: StateItem[] = [];

  function refer(to: StateItemKind, hash: Uint8Array | undefined): void {
    if (hash !== undefined && !equalBytes(hash, KECCAK256_RLP) && !equalBytes(hash, KECCAK256_NULL)) found.push({ kind: to, hash });
  }

  /** A child is a hash, a short node in place, or nothing. */
  function follow(child: Item | undefined): void {
    if (child instanceof Uint8Array) {
      if (child.length === HASH_BYTES) refer(kind, child);
    } else if (child !== undefined) walk(child);
  }

  function walk(item: Item): void {
    if (item instanceof Uint8Array) return;
    if (item.length === BRANCH_ITEMS) {
      for (const child of item.slice(0, -1)) follow(child);
      return;
    }
    const [path, next] = item;
    const isLeaf = path instanceof Uint8Array && ((path[0] ?? 0) & LEAF_FLAG) !== 0;
    if (!isLeaf) follow(next);
    else if (kind === 'account' && next instanceof Uint8Array) {
      const [, , storageRoot, codeHash] = RLP.decode(next) as Uint8Array[];
      refer('storage', storageRoot);
      refer('code', codeHash);
    }
  }

  walk(RLP.decode(node) as Item);
  return found;
}
