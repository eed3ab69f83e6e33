import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { DEFAULT_DATA_SOURCE } from '../../params/network-defaults.ts';
import { bytesArgument, dataSource, parametersArgument, saveEveryArgument } from './arguments.ts';

describe('sizes', () => {
  it.each([
    ['512', 512],
    ['512M', 512 * 2 ** 20],
    ['1.5g', 1.5 * 2 ** 30],
    ['2GiB', 2 ** 31],
    ['1 TB', 2 ** 40],
  ])('reads %s', (text, bytes) => expect(bytesArgument(text)).toBe(bytes));

  it.each(['', '0', '-1', '4X', 'M', '1e9', '9999999T'])('refuses "%s"', (text) => {
    expect(() => bytesArgument(text)).toThrow(InvalidArgumentError);
  });
});

describe('parameters', () => {
  it.each([
    ['1300000', 1_300_000],
    ['1.3M', 1_300_000],
    ['124m', 124_000_000],
    ['1B', 1e9],
  ])('reads %s', (text, parameters) => expect(parametersArgument(text)).toBe(parameters));

  it.each(['', '0', 'ten', '1e6', '5X'])('refuses "%s"', (text) => {
    expect(() => parametersArgument(text)).toThrow(InvalidArgumentError);
  });
});

describe('intervals of saving', () => {
  it('are steps or minutes', () => {
    expect(saveEveryArgument('500')).toEqual({ steps: 500 });
    expect(saveEveryArgument('0.5m')).toEqual({ ms: 30_000 });
  });

  it.each(['', '0', '0m', '1.5', 'm', '5s'])('refuses "%s"', (text) => {
    expect(() => saveEveryArgument(text)).toThrow(InvalidArgumentError);
  });
});

describe('data sources', () => {
  it.each([
    [undefined, DEFAULT_DATA_SOURCE],
    ['book.txt', 'file:/work/book.txt'],
    ['file:texts', 'file:/work/texts'],
    ['/srv/text', 'file:/srv/text'],
    ['npm:@scope/name', 'npm:@scope/name'],
  ])('%s is %s', (text, source) => expect(dataSource(text, '/work')).toBe(source));
});
