import type { Tokenizer } from '../../data/types.ts';
import type { AutomatonState } from './automaton.ts';

/** Which tokens of a vocabulary may come next: one bit a token. */
export interface TokenMask {
  readonly bits: Uint32Array;
  readonly count: number;
}

/** A vocabulary as a tree over bytes, so that tokens with a common beginning are judged together. */
export interface Vocabulary {
  /** Tokens whose bytes the grammar can go on with; remembered with the state. */
  maskOf(state: AutomatonState): TokenMask;
  /** After a whole token; undefined where the grammar does not allow it. */
  advance(state: AutomatonState, token: number): AutomatonState | undefined;
}

interface TreeNode {
  readonly byte: number;
  readonly tokens: number[];
  readonly children: TreeNode[];
}

/** Tokens without bytes, and those in `excluded` (special ones: their bytes are a name, not text), are never allowed. */
export function createVocabulary(tokenizer: Tokenizer, excluded: ReadonlySet<number> = new Set()): Vocabulary {
  const root: TreeNode = { byte: 0, tokens: [], children: [] };
  // While it is built, children are found by byte in a table of their parent's.
  const tables = new Map<TreeNode, Map<number, TreeNode>>();
  for (let token = 0; token < tokenizer.vocabSize; token++) {
    if (excluded.has(token)) continue;
    const bytes = tokenizer.bytes(token);
    if (bytes.length === 0) continue;
    let node = root;
    for (const byte of bytes) {
      const table = tables.get(node) ?? new Map<number, TreeNode>();
      tables.set(node, table);
      let child = table.get(byte);
      if (child === undefined) {
        child = { byte, tokens: [], children: [] };
        table.set(byte, child);
        node.children.push(child);
      }
      node = child;
    }
    node.tokens.push(token);
  }
  tables.clear();
  const words = Math.ceil(tokenizer.vocabSize / 32);
  const maskKey = Symbol('mask');

  function collect(node: TreeNode, state: AutomatonState, bits: Uint32Array): number {
    let count = 0;
    for (const child of node.children) {
      const next = state.next(child.byte);
      if (next === undefined) continue;
      for (const token of child.tokens) {
        bits[token >>> 5] = (bits[token >>> 5] as number) | (1 << (token & 31));
        count++;
      }
      if (!next.complete) count += collect(child, next, bits);
    }
    return count;
  }

  return {
    maskOf(state) {
      const known = state.derived.get(maskKey) as TokenMask | undefined;
      if (known !== undefined) return known;
      const bits = new Uint32Array(words);
      const mask = { bits, count: collect(root, state, bits) };
      state.derived.set(maskKey, mask);
      return mask;
    },
    advance(state, token) {
      let at: AutomatonState | undefined = state;
      for (const byte of tokenizer.bytes(token)) {
        at = at.next(byte);
        if (at === undefined) return undefined;
      }
      return at;
    },
  };
}

export function isAllowed(mask: TokenMask, token: number): boolean {
  return ((mask.bits[token >>> 5] as number) & (1 << (token & 31))) !== 0;
}
