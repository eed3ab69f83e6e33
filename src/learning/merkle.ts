import { equalBytes, uint64BE } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { learningError } from './errors.ts';

/**
 * Binary Merkle tree over 32-byte leaves, shaped as in RFC 6962 (Certificate Transparency): a level's odd last node moves up
 * unhashed. Leaves, inner nodes and the root are hashed in three domains and the root names the number of leaves, so that neither an inner
 * node can pass for a leaf (second preimage) nor a tree for one of another size (as when the odd node is doubled, CVE-2012-2459).
 */
const leafHash = (leaf: Hash): Hash => taggedHash('pol/merkle-leaf/1', leaf);
const nodeHash = (left: Hash, right: Hash): Hash => taggedHash('pol/merkle-node/1', left, right);
const rootHash = (count: number, top: Hash): Hash => taggedHash('pol/merkle-root/1', uint64BE(count), top);

/** Longest path there can be: deeper trees have no whole number of leaves in a double. */
const MAX_PATH_HASHES = 53;

/**
 * Root of 1 or more leaves.
 * @throws LEARNING_PATH_INVALID for no leaves
 */
export function merkleRoot(leaves: readonly Hash[]): Hash {
  let level = leaves.map(leafHash);
  while (level.length > 1) level = parents(level);
  const top = level[0];
  if (top === undefined) throw learningError('LEARNING_PATH_INVALID', 'a Merkle tree needs at least one leaf');
  return rootHash(leaves.length, top);
}

/**
 * Paths in the tree over `leaves`, whose nodes are hashed once.
 * @returns from leaf `index` up to the root the sibling hashes; where the node is an odd last one there is no sibling and no entry. Throws
 * LEARNING_PATH_INVALID when there is no such leaf
 */
export function merklePaths(leaves: readonly Hash[]): (index: number) => readonly Hash[] {
  const levels = [leaves.map(leafHash)];
  for (let level = levels[0] as Hash[]; level.length > 1; levels.push(level)) level = parents(level);
  return (index) => {
    if (!Number.isSafeInteger(index) || index < 0 || index >= leaves.length) {
      throw learningError('LEARNING_PATH_INVALID', `leaf ${index} is not one of the tree's ${leaves.length} leaves`);
    }
    return levels.flatMap((level, height) => {
      const at = Math.floor(index / 2 ** height);
      return level[at % 2 === 0 ? at + 1 : at - 1] ?? [];
    });
  };
}

/** True when `leaf` is number `index` of the `count` leaves under `root`. Never throws: paths come from strangers. */
export function verifyPath(root: Hash, leaf: Hash, index: number, count: number, path: readonly Hash[]): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count) || index < 0 || index >= count) return false;
  if (path.length > MAX_PATH_HASHES) return false;
  let node = leafHash(leaf);
  let used = 0;
  for (let at = index, width = count; width > 1; at = Math.floor(at / 2), width = Math.ceil(width / 2)) {
    if (at % 2 === 0 && at === width - 1) continue;
    const sibling = path[used++];
    if (sibling?.length !== 32) return false;
    node = at % 2 === 0 ? nodeHash(node, sibling) : nodeHash(sibling, node);
  }
  return used === path.length && equalBytes(rootHash(count, node), root);
}

function parents(level: readonly Hash[]): Hash[] {
  const above: Hash[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as Hash;
    const right = level[i + 1];
    above.push(right === undefined ? left : nodeHash(left, right));
  }
  return above;
}
