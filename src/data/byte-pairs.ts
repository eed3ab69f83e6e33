/** Byte strings are held as JavaScript strings of code units 0…255: they slice, hash and compare natively. */
export type ByteString = string;

export type Ranks = ReadonlyMap<ByteString, number>;

/**
 * Byte-pair encoding of one piece as GPT-2 and tiktoken define it: of all neighbouring parts whose joint bytes are a token, the pair of
 * the lowest rank is joined first, the leftmost among equals, until none is left. A heap over a linked list: O(n log n), so that a
 * long run of one letter cannot stall a node.
 * @returns ids, which are ranks; every single byte must have one
 */
export function mergeBytePairs(piece: ByteString, ranks: Ranks): number[] {
  const length = piece.length;
  // A part is named by its first byte; ends[i] is where it stops, previous[i] where the part before it starts.
  const ends = Int32Array.from({ length }, (_, i) => i + 1);
  const previous = Int32Array.from({ length }, (_, i) => i - 1);
  const joined = new Uint8Array(length);
  const heap = createPairHeap();

  const offer = (left: number): void => {
    const right = ends[left] as number;
    if (right >= length) return;
    const rank = ranks.get(piece.slice(left, ends[right]));
    if (rank !== undefined) heap.push(rank, left, ends[right] as number);
  };
  for (let i = 0; i + 1 < length; i++) offer(i);

  for (let pair = heap.pop(); pair !== undefined; pair = heap.pop()) {
    const { left, end } = pair;
    const right = ends[left] as number;
    // Stale when either part has been joined to something since.
    if (joined[left] === 1 || right >= length || ends[right] !== end) continue;
    joined[right] = 1;
    ends[left] = end;
    if (end < length) previous[end] = left;
    offer(left);
    if ((previous[left] as number) >= 0) offer(previous[left] as number);
  }

  const ids: number[] = [];
  for (let i = 0; i < length; i = ends[i] as number) ids.push(ranks.get(piece.slice(i, ends[i])) as number);
  return ids;
}

interface Pair {
  readonly left: number;
  readonly end: number;
}

/** Binary min-heap by (rank, position). */
function createPairHeap() {
  const items: (Pair & { readonly rank: number })[] = [];
  const before = (a: number, b: number): boolean => {
    const [x, y] = [items[a] as Pair & { rank: number }, items[b] as Pair & { rank: number }];
    return x.rank < y.rank || (x.rank === y.rank && x.left < y.left);
  };
  const swap = (a: number, b: number): void => {
    const kept = items[a] as Pair & { rank: number };
    items[a] = items[b] as Pair & { rank: number };
    items[b] = kept;
  };
  return {
    push(rank: number, left: number, end: number): void {
      items.push({ rank, left, end });
      for (let i = items.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!before(i, parent)) return;
        swap(i, parent);
        i = parent;
      }
    },
    pop(): Pair | undefined {
      const top = items[0];
      const last = items.pop();
      if (top === undefined || last === undefined || items.length === 0) return top;
      items[0] = last;
      for (let i = 0; ; ) {
        let least = i;
        if (2 * i + 1 < items.length && before(2 * i + 1, least)) least = 2 * i + 1;
        if (2 * i + 2 < items.length && before(2 * i + 2, least)) least = 2 * i + 2;
        if (least === i) return top;
        swap(i, least);
        i = least;
      }
    },
  };
}
