import { describe, expect, it } from 'vitest';
import type { Arena, Backend } from './backend.ts';
import { type BackendCandidate, listBackends, selectBackend } from './backends.ts';
import { createReferenceBackend } from './reference.ts';

const reference = createReferenceBackend();

/** Adds wrongly by one unit in the last place of one element. */
const faulty: Backend = {
  name: 'native-faulty',
  threads: 1,
  createArena(words) {
    const arena: Arena = reference.createArena(words);
    const kernels: Arena['kernels'] = {
      ...arena.kernels,
      add(y, x, n) {
        arena.kernels.add(y, x, n);
        const sum = arena.i32(y, n);
        sum[n - 1] = (sum[n - 1] as number) + 1;
      },
    };
    return { ...arena, kernels };
  },
};
const candidates: readonly BackendCandidate[] = [
  { name: 'native-faulty', create: async () => faulty },
  { name: 'reference', create: async () => reference },
];

describe('selectBackend', () => {
  it('lists what this machine runs, the reference last, and each passes its self-test', async () => {
    const names = listBackends();
    expect(names.at(-1)).toBe('reference');
    expect(names).toContain('wasm');
    for (const name of names) expect((await selectBackend({ wanted: name, threads: 2 })).name).toBe(name);
  });

  it('takes the fastest on auto', async () => {
    expect((await selectBackend({ wanted: 'auto', threads: 1 })).name).toBe(listBackends()[0]);
  });

  it('passes over a backend whose bits differ on auto, and says so', async () => {
    const refused: string[] = [];
    const backend = await selectBackend(
      { wanted: 'auto', threads: 1 },
      { candidates, onRefused: (name, reason) => refused.push(`${name}: ${reason}`) },
    );
    expect(backend.name).toBe('reference');
    expect(refused).toEqual([expect.stringMatching(/^native-faulty: .*other bits.*"add /)]);
  });

  it('refuses a backend named exactly whose bits differ', async () => {
    await expect(selectBackend({ wanted: 'native-faulty', threads: 1 }, { candidates })).rejects.toMatchObject({
      code: 'NUMERICS_SELF_TEST_FAILED',
      data: { backend: 'native-faulty', case: 'add 20011' },
    });
  });

  it('names those there are when the wanted one is not', async () => {
    await expect(selectBackend({ wanted: 'native-vax', threads: 1 }, { candidates })).rejects.toMatchObject({
      code: 'NUMERICS_BACKEND_UNAVAILABLE',
      message: expect.stringContaining('there are: auto, native-faulty, reference'),
    });
    await expect(selectBackend({ wanted: 'native', threads: 1 }, { candidates })).rejects.toMatchObject({
      code: 'NUMERICS_BACKEND_UNAVAILABLE',
    });
  });

  it.each([0, 1.5, 257, Number.NaN])('refuses %s threads', async (threads) => {
    await expect(selectBackend({ wanted: 'reference', threads })).rejects.toMatchObject({ code: 'NUMERICS_BAD_ARGUMENT' });
  });
});
