import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isPolError } from '../../primitives/errors.ts';
import type { Backend, Kernels } from '../backend.ts';
import { createReferenceBackend } from '../reference.ts';
import { selfTestCases } from './cases.ts';
import { GOLDEN } from './golden.ts';
import { fingerprint, selfTest } from './self-test.ts';

const reference = createReferenceBackend();
const REFERENCES = [reference, createReferenceBackend('f32')];

const made = ({ operands, createArena }: Backend) =>
  [operands, Object.fromEntries(selfTestCases().map((c) => [c.name, fingerprint(createArena(c.words), c)]))] as const;

/** After a deliberate change of the contract: UPDATE_GOLDEN=1 npx vitest run src/numerics/self-test */
function writeGolden(): void {
  const tables = REFERENCES.map(made).map(([operands, table]) => {
    const lines = Object.entries(table).map(([name, print]) => `    '${name}': '${print}',\n`);
    return `  ${operands}: {\n${lines.join('')}  },\n`;
  });
  const text = `import type { Operands } from '../backend.ts';

/** Fingerprints of the reference's results; self-test.test.ts writes and checks them. */
export const GOLDEN: Readonly<Record<Operands, Readonly<Record<string, string>>>> = {\n${tables.join('')}};\n`;
  writeFileSync(fileURLToPath(new URL('golden.ts', import.meta.url)), text);
}

/** The reference with one kernel followed by `damage`. */
function damaged(name: keyof Kernels, damage: (words: Int32Array) => void): Backend {
  return {
    ...reference,
    createArena(words) {
      const arena = reference.createArena(words);
      const kernel = arena.kernels[name] as (...values: unknown[]) => unknown;
      const broken = (...values: unknown[]) => {
        const result = kernel(...values);
        damage(arena.i32(0, words));
        return result;
      };
      return { ...arena, kernels: { ...arena.kernels, [name]: broken } };
    },
  };
}

describe('self-test', () => {
  if (process.env.UPDATE_GOLDEN) it('writes the golden fingerprints', writeGolden);

  it.skipIf(process.env.UPDATE_GOLDEN)('has one golden fingerprint for each arithmetic and case, made by the reference', () => {
    expect(Object.fromEntries(REFERENCES.map(made))).toEqual(GOLDEN);
    for (const table of Object.values(GOLDEN)) expect(Object.keys(table)).toHaveLength(selfTestCases().length);
  });

  it('leaves no NaN behind, whose bits would not be canonical', () => {
    for (const c of selfTestCases()) {
      const arena = reference.createArena(c.words);
      c.run(arena);
      expect(arena.f32(0, c.words).some(Number.isNaN), c.name).toBe(false);
    }
  });

  const kernels = Object.keys(reference.createArena(1).kernels).filter((name) => name !== 'takeDivergence') as (keyof Kernels)[];
  it.each(kernels)('catches one changed bit in %s', (name) => {
    const backend = damaged(name, (words) => {
      words[5] = (words[5] as number) ^ 1;
    });
    expect(() => selfTest(backend)).toThrow(expect.objectContaining({ code: 'NUMERICS_SELF_TEST_FAILED' }));
  });

  it('catches a divergence flag that is never raised', () => {
    const silent: Backend = {
      ...reference,
      createArena(words) {
        const arena = reference.createArena(words);
        return { ...arena, kernels: { ...arena.kernels, takeDivergence: () => 0 } };
      },
    };
    let caught: unknown;
    try {
      selfTest(silent);
    } catch (error) {
      caught = error;
    }
    expect(isPolError(caught, 'NUMERICS_SELF_TEST_FAILED')).toBe(true);
  });
});
