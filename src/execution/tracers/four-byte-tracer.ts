import type { Message } from '@ethereumjs/evm';
import { toHex } from '../../primitives/bytes.ts';
import type { Tracer } from './tracer.ts';

const SELECTOR_BYTES = 4;

/** How often each selector was called with how many bytes of arguments. */
export function createFourByteTracer(): Tracer {
  const counts: Record<string, number> = {};
  return {
    enter({ to, data }: Message) {
      if (to === undefined || data.length < SELECTOR_BYTES) return;
      const name = `${toHex(data.subarray(0, SELECTOR_BYTES))}-${data.length - SELECTOR_BYTES}`;
      counts[name] = (counts[name] ?? 0) + 1;
    },
    result: () => counts,
  };
}
