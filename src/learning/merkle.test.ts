import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { type Hash, sha256, taggedHash } from '../primitives/hash.ts';
import { merklePaths, merkleRoot, verifyPath } from './merkle.ts';

const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 });
const leaves = fc.array(leaf, { minLength: 1, maxLength: 40 });
const numbered = (count: number): readonly Hash[] => Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i)));

describe('Merkle tree', () => {
  it('proves every leaf at its place', () => {
    fc.assert(
      fc.property(leaves, fc.nat(), (tree, pick) => {
        const index = pick % tree.length;
        const path = merklePaths(tree)(index);
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(tree.length)));
        expect(verifyPath(merkleRoot(tree), tree[index] as Hash, index, tree.length, path)).toBe(true);
      }),
    );
  });

  it('proves no other leaf, place, count or path', () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.nat(), leaf, fc.nat(), (tree, pick, other, wrong, bit) => {
        const index = pick % tree.length;
        const root = merkleRoot(tree);
        const own = tree[index] as Hash;
        const path = merklePaths(tree)(index);
        const elsewhere = other % (tree.length + 2);
        if (toHex(wrong) !== toHex(own)) expect(verifyPath(root, wrong, index, tree.length, path)).toBe(false);
        if (elsewhere !== index && toHex(tree[elsewhere] ?? own) !== toHex(own)) {
          expect(verifyPath(root, own, elsewhere, tree.length, path)).toBe(false);
        }
        expect(verifyPath(root, own, index, tree.length + 1, path)).toBe(false);
        expect(verifyPath(root, own, index, tree.length - 1, path)).toBe(false);
        expect(verifyPath(root, own, index, tree.length, [...path, wrong])).toBe(false);
        if (path.length === 0) return;
        expect(verifyPath(root, own, index, tree.length, path.slice(1))).toBe(false);
        const spoiled = path.map((hash) => hash.slice());
        const target = spoiled[bit % path.length] as Hash;
        target[bit % 32] = (target[bit % 32] as number) ^ (1 << (bit % 8));
        expect(verifyPath(root, own, index, tree.length, spoiled)).toBe(false);
      }),
    );
  });

  it('hashes leaves, nodes and roots apart', () => {
    const [a, b] = numbered(2) as [Hash, Hash];
    const node = taggedHash('pol/merkle-node/1', taggedHash('pol/merkle-leaf/1', a), taggedHash('pol/merkle-leaf/1', b));
    expect(toHex(merkleRoot([node]))).not.toBe(toHex(merkleRoot([a, b])));
    expect(toHex(merkleRoot([a, b, b]))).not.toBe(toHex(merkleRoot([a, b, b, b])));
  });

  it('keeps its roots', () => {
    expect([1, 2, 3, 5, 8].map((count) => toHex(merkleRoot(numbered(count))).slice(0, 18))).toMatchInlineSnapshot(`
      [
        "0xb41d9fe24707d266",
        "0x739f8b1e873d8380",
        "0xcbec26f88f8cd2c3",
        "0x0073c6bfa7396fc0",
        "0xa2eccbfee02e8a28",
      ]
    `);
  });

  it('refuses an empty tree, a leaf that is not there, and malformed paths', () => {
    expect(() => merkleRoot([])).toThrow(expect.objectContaining({ code: 'LEARNING_PATH_INVALID' }));
    expect(() => merklePaths(numbered(3))(3)).toThrow(expect.objectContaining({ code: 'LEARNING_PATH_INVALID' }));
    expect(() => merklePaths(numbered(3))(0.5)).toThrow(expect.objectContaining({ code: 'LEARNING_PATH_INVALID' }));
    const tree = numbered(4);
    const [first] = tree as [Hash];
    expect(verifyPath(merkleRoot(tree), first, 0, 4, [new Uint8Array(31), new Uint8Array(32)])).toBe(false);
    expect(verifyPath(merkleRoot(tree), first, -1, 4, merklePaths(tree)(0))).toBe(false);
    expect(verifyPath(merkleRoot(tree), first, Number.NaN, 4, merklePaths(tree)(0))).toBe(false);
    expect(verifyPath(merkleRoot(tree), first, 0, Number.POSITIVE_INFINITY, merklePaths(tree)(0))).toBe(false);
  });
});
