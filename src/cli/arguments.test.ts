import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { addressArgument, amountArgument, countArgument, fundArgument, listArgument, portArgument, urlArgument } from './arguments.ts';

const LOWER = '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed';
/** First example of EIP-55. */
const CHECKSUMMED = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

describe('option values', () => {
  it('reads amounts of POL exactly', () => {
    expect(amountArgument('10.0')).toBe(10n ** 19n);
    expect(amountArgument('0.000000000000000001')).toBe(1n);
    for (const wrong of ['', '-1', '1e3', '1,5', '.5', '0.0000000000000000001', 'ten']) {
      expect(() => amountArgument(wrong)).toThrow(InvalidArgumentError);
    }
  });

  it('reads addresses, and checks the checksum of those that have one', () => {
    expect(addressArgument(LOWER)).toBe(LOWER);
    expect(addressArgument(CHECKSUMMED)).toBe(LOWER);
    expect(() => addressArgument(CHECKSUMMED.replace('B', 'b'))).toThrow(/checksum/);
    for (const wrong of ['', '0x', LOWER.slice(2), `${LOWER}00`, `${LOWER.slice(0, -1)}g`]) {
      expect(() => addressArgument(wrong)).toThrow(InvalidArgumentError);
    }
  });

  it('collects funds, lists and repetitions', () => {
    const other = `0x${'00'.repeat(19)}01` as const;
    expect(fundArgument(`${other}=2`, fundArgument(`${CHECKSUMMED}=0.5`))).toEqual({ [LOWER]: 5n * 10n ** 17n, [other]: 2n * 10n ** 18n });
    for (const wrong of [LOWER, `${LOWER}=`, `${LOWER}=1=2`, '=1']) expect(() => fundArgument(wrong)).toThrow(InvalidArgumentError);
    expect(listArgument('c:3', listArgument('a:1, b:2,'))).toEqual(['a:1', 'b:2', 'c:3']);
  });

  it('reads numbers strictly', () => {
    expect(portArgument('0')).toBe(0);
    expect(countArgument(1)('12')).toBe(12);
    for (const wrong of ['', ' ', '-1', '1.5', '65536', '0x10']) expect(() => portArgument(wrong)).toThrow(InvalidArgumentError);
    expect(() => countArgument(6)('5')).toThrow(/at least 6/);
  });

  it('reads base addresses', () => {
    expect(urlArgument('http://10.0.0.7:8080/')).toBe('http://10.0.0.7:8080');
    for (const wrong of ['', 'localhost:8080', 'ftp://a', '8080']) expect(() => urlArgument(wrong)).toThrow(InvalidArgumentError);
  });
});
