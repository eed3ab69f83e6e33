import { InvalidArgumentError } from 'commander';
import { fromHex, type Hex, toHex } from '../primitives/bytes.ts';
import { ADDRESS_BYTES, checksumAddress } from '../primitives/keys.ts';
import { parsePol } from '../primitives/units.ts';

/*
 * Parsers of option values. Each throws commander's InvalidArgumentError, which names the option and ends in exit code 2.
 */

const MAX_PORT = 65_535;

export function portArgument(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > MAX_PORT) throw new InvalidArgumentError(`A port is a number from 0 to ${MAX_PORT}.`);
  return port;
}

/** A whole number of at least `least`. */
export function countArgument(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Write a whole number of at least ${least}.`);
    }
    return value;
  };
}

export function positiveNumberArgument(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Write a number above 0.');
  return value;
}

/** A number from `least` to `most`. */
export function numberArgument(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most))
      throw new InvalidArgumentError(`Write a number from ${least} to ${most}.`);
    return value;
  };
}

/** Decimal POL to wei. */
export function amountArgument(text: string): bigint {
  try {
    return parsePol(text);
  } catch {
    throw new InvalidArgumentError('Write an amount of POL such as 10 or 0.25, with at most 18 decimals.');
  }
}

/** An account, lower-case. One in mixed case must have a right checksum (EIP-55). */
export function addressArgument(text: string): Hex {
  let address: Uint8Array;
  try {
    address = fromHex(text, ADDRESS_BYTES);
  } catch {
    throw new InvalidArgumentError(`An address is 0x and ${2 * ADDRESS_BYTES} hexadecimal digits.`);
  }
  const digits = text.slice(2);
  if (digits !== digits.toLowerCase() && digits !== digits.toUpperCase() && text !== checksumAddress(address)) {
    throw new InvalidArgumentError('The checksum of the address is wrong (EIP-55): a letter was mistyped, or write it in lower case.');
  }
  return toHex(address);
}

/** 32 bytes, lower-case. */
export function hashArgument(text: string): Hex {
  try {
    return toHex(fromHex(text, 32));
  } catch {
    throw new InvalidArgumentError('A hash is 0x and 64 hexadecimal digits.');
  }
}

/** HEIGHT:HASH of a block's consensus header. */
export function pinnedHeaderArgument(text: string): { readonly height: number; readonly hash: Uint8Array } {
  const [, height, hash] = /^(\d{1,15}):(0x[0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (height === undefined || hash === undefined || Number(height) < 1)
    throw new InvalidArgumentError('Write HEIGHT:HASH, such as 1200:0x12….');
  return { height: Number(height), hash: fromHex(hash, 32) };
}

/** ADDRESS=POL, collected over repetitions. */
export function fundArgument(text: string, earlier: Readonly<Record<Hex, bigint>> = {}): Record<Hex, bigint> {
  const [address = '', amount, ...rest] = text.split('=');
  if (amount === undefined || rest.length > 0) throw new InvalidArgumentError('Write ADDRESS=POL, for example 0x12…ef=100.');
  return { ...earlier, [addressArgument(address)]: amountArgument(amount) };
}

/** An http(s) base address without a closing slash. */
export function urlArgument(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('Write an address such as http://127.0.0.1:8080.');
  return text.replace(/\/+$/, '');
}

/** Comma-separated values, collected over repetitions of the flag. */
export function listArgument(text: string, earlier: readonly string[] = []): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return [...earlier, ...parts.filter((part) => part !== '')];
}
