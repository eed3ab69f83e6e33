import { describe, expect, it } from 'vitest';
import { createSubmitWindow } from './submit-window.ts';

describe('createSubmitWindow', () => {
  it('narrows by a block a round, down to two, while proofs are in the next block', () => {
    const window = createSubmitWindow(4, 15);
    const seen = Array.from({ length: 4 }, () => {
      window.sealed(1);
      return window.blocks;
    });
    expect(seen).toEqual([3, 2, 2, 2]);
  });

  it('leaves a block for fetching the update after the one that holds the proof', () => {
    const window = createSubmitWindow(4, 15);
    for (let round = 0; round < 5; round++) window.sealed(2);
    expect(window.blocks).toBe(3);
    window.sealed(3);
    expect(window.blocks).toBe(3);
  });

  it('is wide again after a miss, and takes twice as long to narrow', () => {
    const window = createSubmitWindow(4, 15);
    window.sealed(1);
    window.sealed(1);
    window.missed();
    expect(window.blocks).toBe(4);
    window.sealed(1);
    expect(window.blocks).toBe(4);
    window.sealed(1);
    expect(window.blocks).toBe(3);
  });

  it('grows beyond the first width where that is too little, up to the most', () => {
    const window = createSubmitWindow(4, 6);
    const seen = Array.from({ length: 4 }, () => {
      window.missed();
      return window.blocks;
    });
    expect(seen).toEqual([5, 6, 6, 6]);
  });

  it('begins with the network’s width whatever the bounds say', () => {
    expect(createSubmitWindow(1, 3).blocks).toBe(1);
    const wide = createSubmitWindow(9, 3);
    wide.missed();
    expect(wide.blocks).toBe(9);
  });
});
