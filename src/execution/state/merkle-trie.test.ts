import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { KECCAK256_RLP } from '@ethereumjs/util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../primitives/bytes.ts';
import { keccak256 } from '../../primitives/hash.ts';
import { createMerkleTrie, rootOf } from './merkle-trie.ts';
import { encodedInteger } from './rlp-parts.ts';

const values = fc.uint8Array({ minLength: 0, maxLength: 40 });
/** Few keys with long common beginnings, so that branches and extensions come and go. */
const keys = fc.array(fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0xff), { minLength: 4, maxLength: 4 }).map((bytes) => Uint8Array.from(bytes));
const batches = fc.array(fc.array(fc.tuple(keys, values), { maxLength: 12 }), { minLength: 1, maxLength: 6 });

describe('createMerkleTrie', () => {
  it('has the roots and answers of EthereumJS’s trie over random batches, read back from its own nodes', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (steps) => {
        const oracle = new MerklePatriciaTrie();
        const nodes = new Map<string, Uint8Array>();
        const source = (hash: Uint8Array) => {
          const node = nodes.get(toHex(hash));
          if (node === undefined) throw new Error('a node is missing');
          return node;
        };
        let root: Uint8Array = KECCAK256_RLP;
        for (const step of steps) {
          const trie = createMerkleTrie(root, source);
          for (const [key, value] of step) {
            trie.set(key, value);
            if (value.length === 0) await oracle.del(key);
            else await oracle.put(key, value);
            expect(trie.get(key) ?? null).toStrictEqual(value.length === 0 ? null : value);
          }
          root = rootOf(trie, (hash, node) => {
            expect(toHex(keccak256(node))).toBe(toHex(hash));
            nodes.set(toHex(hash), node);
          });
          expect(toHex(root)).toBe(toHex(oracle.root()));
        }
        const again = createMerkleTrie(root, source);
        for (const [key] of steps.flat()) expect(again.get(key) ?? null).toStrictEqual(await oracle.get(key));
      }),
      { numRuns: 300 },
    );
  });

  it('changes nothing by removing what is not there', () => {
    const nodes = new Map<string, Uint8Array>();
    const trie = createMerkleTrie(KECCAK256_RLP, () => new Uint8Array(0));
    for (let i = 0; i < 50; i++) trie.set(keccak256(Uint8Array.of(i)), Uint8Array.of(i + 1));
    const root = rootOf(trie, (hash, node) => nodes.set(toHex(hash), node));
    const again = createMerkleTrie(root, (hash) => nodes.get(toHex(hash)) as Uint8Array);
    for (let i = 50; i < 99; i++) again.set(keccak256(Uint8Array.of(i)), undefined);
    let made = 0;
    expect(toHex(rootOf(again, () => made++))).toBe(toHex(root));
    expect(made).toBe(0);
  });

  it('has the roots of lists by index, as blocks name their transactions', async () => {
    for (const count of [0, 1, 2, 127, 128, 129, 300]) {
      const oracle = new MerklePatriciaTrie();
      const trie = createMerkleTrie(KECCAK256_RLP, () => new Uint8Array(0));
      for (let i = 0; i < count; i++) {
        const value = new Uint8Array(1 + (i % 50)).fill(i + 1);
        trie.set(encodedInteger(i), value);
        await oracle.put(encodedInteger(i), value);
      }
      expect(toHex(rootOf(trie))).toBe(toHex(oracle.root()));
    }
  });
});
