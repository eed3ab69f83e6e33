import { KECCAK256_RLP } from '@ethereumjs/util';
import { decodeRlp, type RlpItem } from '../../codec/rlp.ts';
import type { Hash } from '../../primitives/hash.ts';
import { fastKeccak256 } from '../crypto.ts';
import { encodedBytes, encodedList } from './rlp-parts.ts';

/**
 * A Merkle-Patricia trie (yellow paper, appendix D) that is changed in memory any number of times and hashed once. No key may be
 * another's beginning, which holds for hashes and for RLP of indices; so no branch has a value of its own.
 */
export interface MerkleTrie {
  get(key: Uint8Array): Uint8Array | undefined;
  /** An empty value, or none, removes the key. */
  set(key: Uint8Array, value: Uint8Array | undefined): void;
  /**
   * Hashes what changed and hands every new node to `keep`, children first. Yields between subtrees, so that the caller can let others
   * have the thread; the root is what it returns.
   */
  hashing(keep: (hash: Hash, node: Uint8Array) => void): Generator<void, Hash>;
}

/** RLP of a node by its hash. @throws when it is nowhere */
export type NodeSource = (hash: Hash) => Uint8Array;

/** One nibble an element. */
type Path = Uint8Array;

interface Leaf {
  readonly kind: 'leaf';
  readonly path: Path;
  readonly value: Uint8Array;
  reference: Uint8Array | undefined;
}
interface Extension {
  readonly kind: 'extension';
  readonly path: Path;
  child: Child;
  reference: Uint8Array | undefined;
}
interface Branch {
  readonly kind: 'branch';
  readonly children: (Child | undefined)[];
  reference: Uint8Array | undefined;
}
/** `reference` is how a parent names the node: RLP of its hash, or the node itself when that is shorter. Undefined: changed. */
type Node = Leaf | Extension | Branch;
/** A node in memory, or the hash of one in the source. */
type Child = Node | Uint8Array;

const HASH_BYTES = 32;
const BRANCH_WIDTH = 16;
const BRANCH_ITEMS = BRANCH_WIDTH + 1;
/** Hashing yields between subtrees down to this depth: 256 of them in a large trie. */
const YIELD_DEPTH = 2;
const EMPTY_STRING = Uint8Array.of(0x80);
const LEAF_FLAG = 2;
const ODD_FLAG = 1;

export function createMerkleTrie(root: Hash, source: NodeSource): MerkleTrie {
  let top: Child | undefined = isEmptyRoot(root) ? undefined : root;

  const load = (child: Child): Node => (child instanceof Uint8Array ? decodeNode(source(child), child) : child);

  function insert(child: Child | undefined, path: Path, value: Uint8Array): Node {
    if (child === undefined) return leaf(path, value);
    const node = load(child);
    if (node.kind === 'branch') {
      const nibble = path[0] as number;
      node.children[nibble] = insert(node.children[nibble], path.subarray(1), value);
      node.reference = undefined;
      return node;
    }
    const common = commonLength(node.path, path);
    if (common === node.path.length) {
      if (node.kind === 'leaf') return leaf(path, value);
      node.child = insert(node.child, path.subarray(common), value);
      node.reference = undefined;
      return node;
    }
    // The paths part here: a branch, behind an extension when they had something in common.
    const branch = emptyBranch();
    const rest = node.path.subarray(common + 1);
    branch.children[node.path[common] as number] =
      node.kind === 'leaf' ? leaf(rest, node.value) : rest.length === 0 ? node.child : extension(rest, node.child);
    branch.children[path[common] as number] = leaf(path.subarray(common + 1), value);
    return common === 0 ? branch : extension(path.subarray(0, common), branch);
  }

  /** The node without the key; the same object, unmarked, when the key was not there. */
  function remove(child: Child | undefined, path: Path): Child | undefined {
    if (child === undefined) return undefined;
    const node = load(child);
    if (node.kind === 'leaf') return commonLength(node.path, path) === path.length ? undefined : node;
    if (node.kind === 'extension') {
      if (commonLength(node.path, path) < node.path.length) return node;
      const before = load(node.child);
      const marked = before.reference;
      const after = remove(before, path.subarray(node.path.length));
      if (after === before && before.reference === marked) {
        node.child = before;
        return node;
      }
      return prepend(node.path, after);
    }
    const nibble = path[0] as number;
    const below = node.children[nibble];
    if (below === undefined) return node;
    const before = load(below);
    const marked = before.reference;
    const after = remove(before, path.subarray(1));
    node.children[nibble] = after;
    if (after === before && before.reference === marked) return node;
    node.reference = undefined;
    const left = node.children.flatMap((value, index) => (value === undefined ? [] : [index]));
    const [only] = left;
    // A branch of one is no branch: its nibble joins the path below it.
    return left.length === 1 && only !== undefined ? prepend(Uint8Array.of(only), node.children[only]) : node;
  }

  /** A path before what a branch or an extension lost its own place for. */
  function prepend(path: Path, child: Child | undefined): Child | undefined {
    if (child === undefined) return undefined;
    const node = load(child);
    if (node.kind === 'leaf') return leaf(joined(path, node.path), node.value);
    if (node.kind === 'extension') return extension(joined(path, node.path), node.child);
    return extension(path, node);
  }

  function* reference(child: Child, depth: number, keep: (hash: Hash, node: Uint8Array) => void): Generator<void, Uint8Array> {
    if (child instanceof Uint8Array) return encodedBytes(child);
    if (child.reference !== undefined) return child.reference;
    const parts: Uint8Array[] = [];
    if (child.kind === 'branch') {
      for (const below of child.children) {
        if (below === undefined) parts.push(EMPTY_STRING);
        else if (depth < YIELD_DEPTH) {
          parts.push(yield* reference(below, depth + 1, keep));
          yield;
        } else parts.push(referenceNow(below, keep));
      }
      parts.push(EMPTY_STRING);
    } else {
      parts.push(encodedBytes(hexPrefix(child.path, child.kind === 'leaf')));
      parts.push(child.kind === 'leaf' ? encodedBytes(child.value) : yield* reference(child.child, depth, keep));
    }
    return settle(child, parts, keep);
  }

  /** The same in one go: deep subtrees are small, and generators cost. */
  function referenceNow(child: Child, keep: (hash: Hash, node: Uint8Array) => void): Uint8Array {
    if (child instanceof Uint8Array) return encodedBytes(child);
    if (child.reference !== undefined) return child.reference;
    const parts: Uint8Array[] = [];
    if (child.kind === 'branch') {
      for (const below of child.children) parts.push(below === undefined ? EMPTY_STRING : referenceNow(below, keep));
      parts.push(EMPTY_STRING);
    } else {
      parts.push(encodedBytes(hexPrefix(child.path, child.kind === 'leaf')));
      parts.push(child.kind === 'leaf' ? encodedBytes(child.value) : referenceNow(child.child, keep));
    }
    return settle(child, parts, keep);
  }

  function settle(node: Node, parts: readonly Uint8Array[], keep: (hash: Hash, node: Uint8Array) => void): Uint8Array {
    const encoded = encodedList(parts);
    if (encoded.length < HASH_BYTES) {
      node.reference = encoded;
    } else {
      const hash = fastKeccak256(encoded);
      keep(hash, encoded);
      node.reference = encodedBytes(hash);
    }
    return node.reference;
  }

  return {
    get(key) {
      let path = nibblesOf(key);
      for (let child = top; child !== undefined; ) {
        const node = load(child);
        if (node.kind === 'branch') {
          // Kept, so that a change finds it loaded.
          if (child === top) top = node;
          const nibble = path[0] as number;
          const below = node.children[nibble];
          if (below === undefined) return undefined;
          path = path.subarray(1);
          child = node.children[nibble] = load(below);
          continue;
        }
        const common = commonLength(node.path, path);
        if (node.kind === 'leaf') return common === path.length && common === node.path.length ? node.value : undefined;
        if (common < node.path.length) return undefined;
        path = path.subarray(common);
        child = node.child = load(node.child);
      }
      return undefined;
    },

    set(key, value) {
      const path = nibblesOf(key);
      top = value === undefined || value.length === 0 ? remove(top, path) : insert(top, path, value);
    },

    *hashing(keep) {
      if (top === undefined) return KECCAK256_RLP;
      if (top instanceof Uint8Array) return top;
      const wasHashed = top.reference !== undefined;
      const named = yield* reference(top, 0, keep);
      if (named.length === HASH_BYTES + 1) return named.subarray(1);
      // A root is always named by its hash, however short it is.
      const hash = fastKeccak256(named);
      if (!wasHashed) keep(hash, named);
      return hash;
    },
  };
}

/** Runs a hashing to its end without a pause. */
export function rootOf(trie: MerkleTrie, keep: (hash: Hash, node: Uint8Array) => void = () => {}): Hash {
  const hashing = trie.hashing(keep);
  for (;;) {
    const { done, value } = hashing.next();
    if (done === true) return value;
  }
}

function leaf(path: Path, value: Uint8Array): Leaf {
  return { kind: 'leaf', path, value, reference: undefined };
}

function extension(path: Path, child: Child): Extension {
  return { kind: 'extension', path, child, reference: undefined };
}

function emptyBranch(): Branch {
  return { kind: 'branch', children: new Array<Child | undefined>(BRANCH_WIDTH).fill(undefined), reference: undefined };
}

function isEmptyRoot(root: Hash): boolean {
  return root.every((byte, i) => byte === KECCAK256_RLP[i]);
}

/** @throws RangeError when the bytes are no node */
function decodeNode(bytes: Uint8Array, hash: Hash | undefined): Node {
  return nodeOf(decodeRlp(bytes), hash === undefined ? bytes : encodedBytes(hash));
}

function nodeOf(item: RlpItem, reference: Uint8Array): Node {
  if (item instanceof Uint8Array) throw new RangeError('a node is a list');
  if (item.length === BRANCH_ITEMS) {
    return { kind: 'branch', children: item.slice(0, BRANCH_WIDTH).map(childOf), reference };
  }
  const [prefix, rest] = item;
  if (item.length !== 2 || !(prefix instanceof Uint8Array) || rest === undefined) throw new RangeError('a node has 2 or 17 items');
  const nibbles = nibblesOf(prefix);
  const flags = nibbles[0] ?? 0;
  const path = nibbles.subarray((flags & ODD_FLAG) !== 0 ? 1 : 2);
  if ((flags & LEAF_FLAG) !== 0) {
    if (!(rest instanceof Uint8Array)) throw new RangeError('a value is a string');
    return { kind: 'leaf', path, value: rest, reference };
  }
  const child = childOf(rest);
  if (child === undefined) throw new RangeError('an extension leads somewhere');
  return { kind: 'extension', path, child, reference };
}

/** A hash, a short node in place, or nothing. */
function childOf(item: RlpItem): Child | undefined {
  if (item instanceof Uint8Array) {
    if (item.length === 0) return undefined;
    if (item.length !== HASH_BYTES) throw new RangeError('a child is named by its hash');
    return item;
  }
  return nodeOf(item, encodedInPlace(item));
}

function encodedInPlace(item: RlpItem): Uint8Array {
  return item instanceof Uint8Array ? encodedBytes(item) : encodedList(item.map(encodedInPlace));
}

function nibblesOf(bytes: Uint8Array): Path {
  const path = new Uint8Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    path[2 * i] = byte >> 4;
    path[2 * i + 1] = byte & 15;
  }
  return path;
}

/** Hex-prefix encoding (yellow paper, appendix C). */
function hexPrefix(path: Path, isLeaf: boolean): Uint8Array {
  const odd = path.length % 2;
  const out = new Uint8Array((path.length >> 1) + 1);
  const flags = (isLeaf ? LEAF_FLAG : 0) + (odd === 1 ? ODD_FLAG : 0);
  out[0] = (flags << 4) | (odd === 1 ? (path[0] as number) : 0);
  for (let i = odd, at = 1; i < path.length; i += 2, at++) out[at] = ((path[i] as number) << 4) | (path[i + 1] as number);
  return out;
}

function commonLength(a: Path, b: Path): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  return i;
}

function joined(a: Path, b: Path): Path {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
