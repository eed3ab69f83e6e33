import { parseJson } from '../../src/learning/files.ts';
import { utf8 } from '../../src/primitives/bytes.ts';
import type { Random } from './random.ts';

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  -(2 ** 63),
  '',
  '0x',
  '0x0',
  '0x00',
  '0x1',
  '0xg',
  `0x${'f'.repeat(64)}`,
  `0x${'f'.repeat(65)}`,
  `0x${'0'.repeat(40)}`,
  'latest',
  'pending',
  'ö\u0000\ud800',
  '9'.repeat(400),
  [],
  [[]],
  {},
  [null, null],
];
const KEYS = ['__proto__', 'constructor', 'toString', 'length', '', 'to', 'from', 'data', 'gas', 'topics', 'address', 'id', 'params'];

/** One change of the document that JSON bytes stand for, written again; undefined when they stand for none. */
export function mutateJson(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array | undefined {
  const document = parseJson(input);
  if (document === undefined) return undefined;
  return utf8(JSON.stringify(changeSomewhere(document, parseJson(other), random)) ?? 'null');
}

function changeSomewhere(value: unknown, donor: unknown, random: Random): unknown {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 || random.below(6) === 0) return change(value, donor, random);
  const at = random.below(entries.length);
  const changed = entries.map(([key, child], i) => [key, i === at ? changeSomewhere(child, donor, random) : child] as const);
  return Array.isArray(value) ? changed.map(([, child]) => child) : objectOf(changed);
}

function change(value: unknown, donor: unknown, random: Random): unknown {
  switch (random.below(5)) {
    case 0:
      return somewhereIn(donor, random);
    case 1:
      return nested(value, random.below(60));
    case 2:
      if (Array.isArray(value)) return [...value, ...value, random.pick(VALUES)];
      if (typeof value === 'object' && value !== null)
        return objectOf([...Object.entries(value), [random.pick(KEYS), random.pick(VALUES)]]);
      if (typeof value === 'string') return value.slice(random.below(value.length + 1)) + String(random.pick(VALUES));
      if (typeof value === 'number') return value + random.below(3) - 1;
      return random.pick(VALUES);
    case 3:
      if (typeof value === 'object' && value !== null) {
        const entries = Object.entries(value);
        entries.splice(random.below(entries.length + 1), 1);
        return Array.isArray(value) ? entries.map(([, child]) => child) : objectOf(entries);
      }
      return random.pick(VALUES);
    default:
      return random.pick(VALUES);
  }
}

/** Not an assignment: `__proto__` must become a key of its own, as JSON.parse makes it. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

function nested(value: unknown, depth: number): unknown {
  let out = value;
  for (let i = 0; i < depth; i++) out = [out];
  return out;
}

function somewhereIn(value: unknown, random: Random): unknown {
  const children = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return children.length === 0 || random.below(3) === 0 ? value : somewhereIn(random.pick(children), random);
}
