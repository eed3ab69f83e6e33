import type { BatchDecoder } from '../model/types.ts';

/** The decoder's slots: who uses which, and what the idle ones still hold. */
export interface Slots {
  /** Tokens of a prompt whose keys and values some slot holds. */
  held(prompt: readonly number[]): number;
  /**
   * A free slot that holds the longest beginning of the prompt there is, found or copied; undefined when all are in use. At least the
   * prompt's last token is left to compute, since its logits are wanted.
   */
  acquire(prompt: readonly number[], reuse: boolean): Slot | undefined;
}

export interface Slot {
  readonly index: number;
  /** Tokens taken over. */
  readonly reused: number;
  /** Told of tokens that the decoder has appended. */
  appended(tokens: readonly number[]): void;
  release(): void;
}

export function createSlots(decoder: BatchDecoder): Slots {
  const slots = Array.from({ length: decoder.slots }, () => ({ tokens: [] as number[], busy: false, lastUse: 0 }));
  let uses = 0;

  function longest(prompt: readonly number[], among: readonly number[]): { readonly index: number; readonly common: number } {
    let best = { index: -1, common: 0 };
    for (const index of among) {
      const common = Math.min(commonPrefix((slots[index] as { tokens: number[] }).tokens, prompt), prompt.length - 1);
      if (common > best.common) best = { index, common };
    }
    return best;
  }

  const all = slots.map((_, index) => index);

  return {
    held: (prompt) => longest(prompt, all).common,
    acquire(prompt, reuse) {
      const free = all.filter((index) => !slots[index]?.busy);
      if (free.length === 0) return undefined;
      const oldest = free.reduce((a, b) => ((slots[b]?.lastUse ?? 0) < (slots[a]?.lastUse ?? 0) ? b : a));
      const best = reuse ? longest(prompt, all) : { index: -1, common: 0 };
      // Cutting a long conversation down to a short common beginning would lose it: then the beginning is copied.
      const inPlace = free.includes(best.index) && best.common * 2 >= (slots[best.index]?.tokens.length ?? 0);
      const index = inPlace ? best.index : oldest;
      const slot = slots[index] as { tokens: number[]; busy: boolean; lastUse: number };
      if (index === best.index || best.common === 0) decoder.truncate(index, best.common);
      else decoder.copy(best.index, index, best.common);
      slot.tokens = prompt.slice(0, best.common);
      slot.busy = true;
      return {
        index,
        reused: best.common,
        appended(tokens) {
          for (const token of tokens) slot.tokens.push(token);
        },
        release() {
          slot.busy = false;
          slot.lastUse = ++uses;
        },
      };
    },
  };
}

export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
