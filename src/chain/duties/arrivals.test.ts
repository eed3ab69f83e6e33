import { describe, expect, it } from 'vitest';
import { createVirtualTime } from '../../consensus/testing/virtual-time.ts';
import type { SegmentRef } from '../../protocol/draw.ts';
import { createArrivals } from './arrivals.ts';

const ref = (proof: number, segment: number): SegmentRef => ({ proof, segment });
const REFS = [ref(0, 0), ref(0, 1), ref(1, 0), ref(1, 1), ref(2, 0)];

function setUp(serveMs: (ref: SegmentRef) => number, refs = REFS) {
  const clock = createVirtualTime();
  const asked: string[] = [];
  const got: string[] = [];
  let goes = true;
  const arrivals = createArrivals(refs, {
    clock,
    goOn: () => goes,
    obtain: (each) => {
      asked.push(`${each.proof}/${each.segment}`);
      const ms = serveMs(each);
      return new Promise((resolve, reject) => {
        clock.after(Math.abs(ms), () =>
          ms === Number.POSITIVE_INFINITY ? undefined : ms < 0 ? reject(new Error('full')) : resolve(ms > 0),
        );
      });
    },
  });
  const all = (async () => {
    for (let next = await arrivals.next(); next !== undefined; next = await arrivals.next()) {
      got.push(`${next.ref.proof}/${next.ref.segment}${next.isServed ? '' : ' not served'}`);
    }
  })();
  return {
    clock,
    asked,
    got,
    all,
    stop() {
      goes = false;
    },
  };
}

describe('createArrivals', () => {
  it('gives what is there in order, fetching one segment of each proof at a time', async () => {
    const { clock, asked, got, all } = setUp(() => 10);
    await clock.runUntil(5);
    expect(asked).toEqual(['0/0', '1/0', '2/0']);
    await clock.runUntil(1_000);
    await all;
    expect([...got].sort()).toEqual(['0/0', '0/1', '1/0', '1/1', '2/0']);
    expect(got[0]).toBe('0/0');
  });

  it('keeps nobody waiting for a slow trainer', async () => {
    const { clock, got, all } = setUp(({ proof }) => (proof === 0 ? 5_000 : 10));
    await clock.runUntil(100);
    expect(got).toEqual(['1/0', '2/0', '1/1']);
    await clock.runUntil(20_000);
    await all;
    expect(got.slice(3)).toEqual(['0/0', '0/1']);
  });

  it('lets many slow ones take no place from others', async () => {
    const many = Array.from({ length: 40 }, (_, proof) => ref(proof, 0));
    const { clock, got } = setUp(({ proof }) => (proof < 30 ? 50_000 : 10), many);
    await clock.runUntil(10_000);
    expect(got).toHaveLength(10);
  });

  it('says what nobody served, and ends', async () => {
    const { clock, got, all } = setUp(({ proof }) => (proof === 1 ? 0 : 10));
    await clock.runUntil(1_000);
    await all;
    expect(got.filter((each) => each.includes('not served')).sort()).toEqual(['1/0 not served', '1/1 not served']);
  });

  it('ends when there is no going on, also while nothing comes', async () => {
    const { clock, asked, got, all, stop } = setUp(() => 60_000);
    await clock.runUntil(100);
    stop();
    await clock.runUntil(1_000);
    await all;
    expect(got).toEqual([]);
    await clock.runUntil(100_000);
    expect(asked).toHaveLength(3);
  });

  it('throws what fetching threw', async () => {
    const { clock, all } = setUp(({ proof }) => (proof === 2 ? -10 : 5_000));
    const failed = expect(all).rejects.toThrow('full');
    await clock.runUntil(1_000);
    await failed;
  });
});
