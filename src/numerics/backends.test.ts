import { describe, expect, it } from 'vitest';
import type { Arena, Backend, BackendName } from './backend.ts';
import { type BackendCandidate, listBackends, selectBackend } from './backends.ts';
import { createReferenceBackend } from './reference.ts';

const reference = createReferenceBackend();

/** Adds wrongly by one unit in the last place of one element. */
const faulty: Backend = {
  name: 'native-faulty',
  threads: 1,
  operands: 'bf16',
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

  it('takes a native backend on auto where there is one', async () => {
    const native = listBackends().filter((name) => name.startsWith('native-'));
    const { name } = await selectBackend({ wanted: 'auto', threads: 1 });
    expect(native.length > 0 ? native : listBackends().slice(0, 1)).toContain(name);
  });

  it('takes the native backend that the clock finds fastest on auto', async () => {
    let time = 0;
    /** The reference under another name, whose products take as long as is said. */
    const slow = (name: BackendName, milliseconds: number): BackendCandidate => ({
      name,
      create: async () => ({
        ...reference,
        name,
        createArena(words) {
          const arena = reference.createArena(words);
          const kernels: Arena['kernels'] = {
            ...arena.kernels,
            matmul(...values) {
              // The selection looks at times only; the self-test at results.
              if (values[1] === 192) time += milliseconds;
              else arena.kernels.matmul(...values);
            },
          };
          return { ...arena, kernels };
        },
      }),
    });
    const several = [slow('native-slow', 3), slow('native-fast', 1), slow('native-middle', 2), ...candidates.slice(1)];
    const backend = await selectBackend({ wanted: 'auto', threads: 1 }, { candidates: several, now: () => time });
    expect(backend.name).toBe('native-fast');
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
