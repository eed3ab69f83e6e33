import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { DEFAULT_DATA_SOURCE } from '../../params/network-defaults.ts';

/*
 * Parsers of option values, as in ../arguments.ts.
 */

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const MS_PER_MINUTE = 60_000;

/** 512M, 1.5G, 2GiB: units of 1024. */
export function bytesArgument(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(digits) * (UNITS[unit?.toUpperCase() ?? ''] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new InvalidArgumentError('Write a size such as 512M or 4G.');
  return bytes;
}

/** 1300000, 1.3M, 124M, 2B: a number of parameters. */
export function parametersArgument(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([KMB]?)$/i.exec(text.trim()) ?? [];
  const factor = { '': 1, K: 1e3, M: 1e6, B: 1e9 }[unit?.toUpperCase() ?? ''];
  const parameters = Math.round(Number(digits) * (factor ?? Number.NaN));
  if (!Number.isSafeInteger(parameters) || parameters < 1)
    throw new InvalidArgumentError('Write a number of parameters such as 1300000 or 10M.');
  return parameters;
}

/** 500: every so many steps; 10m: every so many minutes. */
export function saveEveryArgument(text: string): { readonly steps: number } | { readonly ms: number } {
  const [, digits, minutes] = /^(\d+(?:\.\d+)?)(m?)$/.exec(text.trim()) ?? [];
  const value = Number(digits);
  if (!(value > 0) || (minutes === '' && !Number.isSafeInteger(value))) {
    throw new InvalidArgumentError('Write a number of steps such as 500, or minutes such as 10m.');
  }
  return minutes === 'm' ? { ms: value * MS_PER_MINUTE } : { steps: value };
}

/** A source as data/source.ts knows them: a bare path is a file or a directory; paths become absolute, so that a run can be taken up from anywhere. */
export function dataSource(text: string | undefined, workingDirectory: string): string {
  if (text === undefined) return DEFAULT_DATA_SOURCE;
  const [, scheme] = /^([a-z]{2,}):/.exec(text) ?? [];
  if (scheme !== undefined && scheme !== 'file') return text;
  return `file:${resolve(workingDirectory, scheme === undefined ? text : text.slice('file:'.length))}`;
}
