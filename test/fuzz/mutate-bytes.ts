import { concatBytes } from '../../src/primitives/bytes.ts';
import type { Random } from './random.ts';

const INTERESTING = [0, 1, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xbf, 0xc0, 0xc1, 0xf7, 0xf8, 0xff];
const MAX_RUN_BYTES = 64;

/** One small change of a byte string. */
export function mutateBytes(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random.below(input.length + 1);
  const run = 1 + random.below(random.below(4) === 0 ? MAX_RUN_BYTES : 4);
  const changed = input.slice();
  switch (random.below(7)) {
    case 0:
      if (at < input.length) changed[at] = (changed[at] as number) ^ (1 << random.below(8));
      return changed;
    case 1:
      if (at < input.length) changed[at] = random.pick(INTERESTING);
      return changed;
    case 2:
      if (at < input.length) changed[at] = random.below(256);
      return changed;
    case 3:
      return concatBytes(input.subarray(0, at), input.subarray(at + run));
    case 4:
      return concatBytes(
        input.subarray(0, at),
        Uint8Array.from({ length: run }, () => random.pick(INTERESTING)),
        input.subarray(at),
      );
    case 5:
      return concatBytes(input.subarray(0, at), input.subarray(Math.max(0, at - run)));
    default:
      return concatBytes(input.subarray(0, at), other.subarray(random.below(other.length + 1)));
  }
}
