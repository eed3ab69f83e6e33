import { describe, expect, it } from 'vitest';
import { judge, type MachineFacts } from './checks.ts';

const GIBIBYTE = 1024 ** 3;
const GOOD: MachineFacts = {
  nodeVersion: '20.19.0',
  platform: 'linux 6.1 x64',
  cpu: 'A processor',
  cores: 8,
  memoryBytes: 32 * GIBIBYTE,
  freeDiskBytes: 100 * GIBIBYTE,
  dataDirectory: '/data',
  compiler: 'gcc 14',
  backends: [
    { wanted: 'native', name: 'native-avx2' },
    { wanted: 'wasm', name: 'wasm' },
  ],
};

const results = (facts: Partial<MachineFacts>) => judge({ ...GOOD, ...facts }).filter((check) => check.result !== 'ok');

describe('judge', () => {
  it('finds nothing wrong with a good machine', () => {
    expect(results({})).toEqual([]);
  });

  it.each<[string, Partial<MachineFacts>, 'note' | 'fail', string]>([
    ['an old Node', { nodeVersion: '18.20.0' }, 'fail', '20 or newer'],
    ['little memory', { memoryBytes: 4 * GIBIBYTE }, 'note', '8.0 GiB is recommended'],
    ['far too little memory', { memoryBytes: GIBIBYTE / 2 }, 'fail', 'at least'],
    ['a full disk', { freeDiskBytes: 1000 }, 'fail', '/data'],
    ['a disk that cannot be asked', { freeDiskBytes: undefined }, 'note', 'not known'],
    ['no compiler', { compiler: undefined }, 'note', 'install gcc or clang'],
    [
      'a backend that fails',
      {
        backends: [
          { wanted: 'native', problem: 'no addon' },
          { wanted: 'wasm', name: 'wasm' },
        ],
      },
      'note',
      'no addon',
    ],
  ])('judges %s', (_name, facts, result, text) => {
    expect(results(facts)).toEqual([{ result, text: expect.stringContaining(text) }]);
  });

  it('fails when no arithmetic is sound', () => {
    expect(results({ backends: [{ wanted: 'wasm', problem: 'wrong bits' }] }).at(-1)).toMatchObject({ result: 'fail' });
  });
});
