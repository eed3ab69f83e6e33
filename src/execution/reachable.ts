import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Write } from '../store/kv.ts';
import { codeName, storeKeyOf, type WrittenNodes } from './trie-database.ts';
import { referencesOf, type StateItem } from './trie-nodes.ts';

/**
 * The writes that make a state root complete in the store: of all nodes that execution made only those the new root
 * reaches, about a fifth. A node that is not among the made ones is in the store, with all below it.
 */
export function reachableWrites(written: WrittenNodes, stateRoot: Hash): readonly Write[] {
  const writes: Write[] = [];
  const seen = new Set<string>();

  function visit({ kind, hash }: StateItem): void {
    const name = kind === 'code' ? codeName(hash) : toHex(hash).slice(2);
    const value = written.get(name);
    if (value === undefined || seen.has(name)) return;
    seen.add(name);
    writes.push({ key: storeKeyOf(name), value });
    if (kind !== 'code') for (const reference of referencesOf(value, kind)) visit(reference);
  }

  visit({ kind: 'account', hash: stateRoot });
  return writes;
}
