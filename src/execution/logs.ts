import { equalBytes } from '../primitives/bytes.ts';
import { type Hash, keccak256 } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { StoredReceipt } from './engine.ts';

/** Which logs are wanted: of any of these addresses (or all), with one of the topics at each place (or any). */
export interface LogFilter {
  readonly addresses: readonly Address[];
  readonly topics: readonly (readonly Hash[])[];
}

type Log = StoredReceipt['logs'][number];

export function matchesLog({ addresses, topics }: LogFilter, log: Pick<Log, 'address' | 'topics'>): boolean {
  if (addresses.length > 0 && !addresses.some((address) => equalBytes(address, log.address))) return false;
  if (topics.length > log.topics.length) return false;
  return topics.every((wanted, place) => wanted.length === 0 || wanted.some((topic) => equalBytes(topic, log.topics[place] as Hash)));
}

/**
 * Tells from a block's bloom filter whether it can hold a wanted log (yellow paper, section 4.3.1). Made once for a filter:
 * a range looks through thousands of blooms.
 */
export function createBloomTest({ addresses, topics }: LogFilter): (bloom: Uint8Array) => boolean {
  const groups = [addresses, ...topics].filter((group) => group.length > 0).map((group) => group.map(bitsOf));
  return (bloom) => groups.every((group) => group.some((bits) => bits.every(([byte, mask]) => ((bloom[byte] ?? 0) & mask) !== 0)));
}

/** The three bits of a value, as byte and mask in the 256 bytes of a filter. */
function bitsOf(value: Uint8Array): readonly (readonly [number, number])[] {
  const hash = keccak256(value);
  return [0, 2, 4].map((at) => {
    const bit = (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & 2047;
    return [255 - (bit >> 3), 1 << (bit & 7)] as const;
  });
}
