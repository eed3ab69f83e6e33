import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { fuzz, runInput } from './fuzz.ts';
import { createRandom } from './random.ts';
import type { FuzzTarget } from './target.ts';
import { FUZZ_TARGETS } from './targets.ts';

/** A slice of what `npm run fuzz` does for minutes, always the same; and every input that once broke a rule. */
const INPUTS = 600;
/** A hang, not a speed: calls of the EVM end themselves after 5 s. */
const LIMIT_MS = 20_000;

const vectors = JSON.parse(await readFile(new URL('../vectors/fuzz/found.json', import.meta.url), 'utf8')) as readonly {
  readonly target: string;
  readonly why: string;
  readonly input: string;
}[];

const toCount = (limit: number) => (inputs: number) => inputs < limit;

describe.each(Object.keys(FUZZ_TARGETS))('%s', (name) => {
  const open = async () => (FUZZ_TARGETS[name] as () => FuzzTarget | Promise<FuzzTarget>)();

  it('takes what it should and breaks no rule on changed inputs', async () => {
    const target = await open();
    const report = await fuzz(target, { random: createRandom(1), limitMs: LIMIT_MS, goesOn: toCount(INPUTS) });
    expect(report.inputs).toBeGreaterThanOrEqual(INPUTS);
  });

  const found = vectors.filter((vector) => vector.target === name);
  it.runIf(found.length > 0).each(found)('stands: $why', async ({ input }) => {
    await runInput(await open(), fromHex(input));
  });
});

describe('the fuzzer', () => {
  it('finds a second encoding, a foreign error and a changed input', async () => {
    const failing = (run: FuzzTarget['run']) =>
      fuzz({ form: 'bytes', seeds: [Uint8Array.of(1, 2)], run }, { random: createRandom(3), limitMs: LIMIT_MS, goesOn: toCount(1000) });
    await expect(failing((input) => [input[0] === 7 ? input.slice(1) : input.slice()])).rejects.toThrow('accepted what is encoded as');
    await expect(
      failing((input) => {
        if (input[1] === 0x80) throw new TypeError('foreign');
        return [];
      }),
    ).rejects.toThrow('not a typed error: foreign');
    await expect(
      failing((input) => {
        if (input.length > 3) input[3] = 0xaa;
        return [];
      }),
    ).rejects.toThrow('changed its input');
  });

  it('repeats a run by its seed', () => {
    const draws = (seed: number) =>
      Array.from(
        { length: 20 },
        (
          (random) => () =>
            random.below(1000)
        )(createRandom(seed)),
      );
    expect(draws(5)).toEqual(draws(5));
    expect(draws(5)).not.toEqual(draws(6));
  });
});
