import { describe, expect, it } from 'vitest';
import { createDeadline } from './deadline.ts';
import { createSlots } from './slots.ts';
import { createManualClock } from './testing/test-network.ts';

const never = new AbortController().signal;

describe('slots', () => {
  it('are held by so many at once for each key, the others in order', async () => {
    const slots = createSlots(1);
    const order: string[] = [];
    const first = await slots.acquire('a', never);
    const second = slots.acquire('a', never).then((release) => {
      order.push('second');
      return release;
    });
    const third = slots.acquire('a', never).then(() => order.push('third'));
    (await slots.acquire('b', never))();
    expect(order).toEqual([]);
    first();
    // Giving back twice is giving back once.
    first();
    (await second)();
    await third;
    expect(order).toEqual(['second', 'third']);
  });

  it('waited for in vain leave the queue', async () => {
    const slots = createSlots(1);
    const release = await slots.acquire('a', never);
    const controller = new AbortController();
    const waiting = slots.acquire('a', controller.signal);
    controller.abort(new Error('gave up'));
    await expect(waiting).rejects.toThrow('gave up');
    release();
    (await slots.acquire('a', never))();
  });
});

describe('a deadline', () => {
  it('passes, or follows the caller’s signal, or is cleared', () => {
    const clock = createManualClock();
    const passed = createDeadline(100, 'a question', clock);
    clock.advance(100);
    expect(passed.signal.reason).toMatchObject({ code: 'NETWORK_TIMEOUT', message: 'a question: no answer within 100 ms' });

    const parent = new AbortController();
    const following = createDeadline(100, 'a question', clock, parent.signal);
    const cleared = createDeadline(100, 'a question', clock, parent.signal);
    cleared.clear();
    parent.abort(new Error('stop'));
    clock.advance(1000);
    expect(following.signal.reason).toMatchObject({ message: 'stop' });
    expect(cleared.signal.aborted).toBe(false);
    expect(createDeadline(100, 'late', clock, parent.signal).signal.aborted).toBe(true);
  });
});
