/** What joining two tokens makes, and how early it is done: the lower the rank, the earlier. */
export interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** Ids are below 2^24 (tokenizer-json.ts), so a pair of them is one exact number. */
const PAIR_BASE = 2 ** 24;

export const pairKey = (left: number, right: number): number => left * PAIR_BASE + right;

/**
 * Byte-pair merging as huggingface/tokenizers does it (models/bpe/word.rs): of all neighbours that have a merge the one of the lowest
 * rank is joined, the leftmost among equals, until none is left. A heap over a linked list: O(n log n).
 */
export function mergeTokens(tokens: readonly number[], merges: ReadonlyMap<number, Merge>): readonly number[] {
  const length = tokens.length;
  if (length < 2) return tokens;
  const ids = Int32Array.from(tokens);
  const next = Int32Array.from({ length }, (_, i) => (i + 1 < length ? i + 1 : -1));
  const previous = Int32Array.from({ length }, (_, i) => i - 1);
  const gone = new Uint8Array(length);
  const heap = createHeap();
  const offer = (left: number): void => {
    const right = next[left] as number;
    if (right < 0) return;
    const merge = merges.get(pairKey(ids[left] as number, ids[right] as number));
    if (merge !== undefined) heap.push({ ...merge, left, leftId: ids[left] as number, rightId: ids[right] as number });
  };
  for (let i = 0; i + 1 < length; i++) offer(i);
  for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
    const { left, leftId, rightId, id } = entry;
    if (gone[left] === 1 || ids[left] !== leftId) continue;
    const right = next[left] as number;
    if (right < 0 || ids[right] !== rightId) continue;
    ids[left] = id;
    gone[right] = 1;
    const after = next[right] as number;
    next[left] = after;
    if (after >= 0) previous[after] = left;
    if ((previous[left] as number) >= 0) offer(previous[left] as number);
    offer(left);
  }
  const out: number[] = [];
  for (let i = 0; i >= 0; i = next[i] as number) out.push(ids[i] as number);
  return out;
}

interface Entry extends Merge {
  readonly left: number;
  readonly leftId: number;
  readonly rightId: number;
}

/** Binary min-heap by (rank, place). */
function createHeap() {
  const items: Entry[] = [];
  const before = (x: Entry, y: Entry): boolean => x.rank < y.rank || (x.rank === y.rank && x.left < y.left);
  const at = (i: number): Entry => items[i] as Entry;
  const swap = (a: number, b: number): void => {
    const kept = at(a);
    items[a] = at(b);
    items[b] = kept;
  };
  return {
    push(entry: Entry): void {
      items.push(entry);
      for (let i = items.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!before(at(i), at(parent))) return;
        swap(i, parent);
        i = parent;
      }
    },
    pop(): Entry | undefined {
      const top = items[0];
      const last = items.pop();
      if (top === undefined || last === undefined || items.length === 0) return top;
      items[0] = last;
      for (let i = 0; ; ) {
        let least = i;
        if (2 * i + 1 < items.length && before(at(2 * i + 1), at(least))) least = 2 * i + 1;
        if (2 * i + 2 < items.length && before(at(2 * i + 2), at(least))) least = 2 * i + 2;
        if (least === i) return top;
        swap(i, least);
        i = least;
      }
    },
  };
}
