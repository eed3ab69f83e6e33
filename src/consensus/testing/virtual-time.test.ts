import { expect, it } from 'vitest';
import { createVirtualTime } from './virtual-time.ts';

it('runs events in order of time, and of scheduling where times are equal', async () => {
  const time = createVirtualTime(100);
  const seen: string[] = [];
  const delays = [5, 3, 9, 3, 1, 9, 0, 7];
  delays.forEach((ms, i) => void time.after(ms, () => seen.push(`${time.now()}/${i}`)));
  await time.runUntil(200);
  expect(seen).toEqual(['100/6', '101/4', '103/1', '103/3', '105/0', '107/7', '109/2', '109/5']);
  expect([time.now(), time.eventsRun]).toEqual([200, 8]);
});

it('finishes all that follows from an event before the next, however long the chain of promises', async () => {
  const time = createVirtualTime();
  const seen: string[] = [];
  time.after(1, () => {
    void (async () => {
      for (let i = 0; i < 500; i++) await Promise.resolve();
      seen.push('chain');
      time.after(0, () => seen.push('its own event'));
    })();
  });
  time.after(2, () => seen.push('next'));
  await time.runUntil(5);
  expect(seen).toEqual(['chain', 'its own event', 'next']);
});

it('skips cancelled events and stops at the given time', async () => {
  const time = createVirtualTime();
  const seen: number[] = [];
  const cancel = time.after(1, () => seen.push(1));
  time.after(2, () => seen.push(2));
  time.after(3, () => seen.push(3));
  cancel();
  cancel();
  await time.runUntil(2);
  expect(seen).toEqual([2]);
  expect(await time.step()).toBe(true);
  expect(await time.step()).toBe(false);
  expect(seen).toEqual([2, 3]);
});
