import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../primitives/bytes.ts';
import { createFrameDecoder, frameHeader } from './frames.ts';

const encode = (frames: readonly Uint8Array[]) => concatBytes(...frames.flatMap((frame) => [frameHeader(frame.length), frame]));

describe('frames', () => {
  it('survive any cutting of the stream', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
        (frames, cuts) => {
          const bytes = encode(frames);
          const decoder = createFrameDecoder(40);
          const decoded: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; ) {
            const length = cuts.next().value ?? 1;
            decoded.push(...decoder.push(bytes.subarray(at, at + length)));
            at += length;
          }
          expect(decoded).toEqual(frames);
          expect(decoder.partial).toBeUndefined();
        },
      ),
    );
  });

  it('above the limit fail at their header, after the frames before them', () => {
    const decoder = createFrameDecoder(10);
    const good = encode([Uint8Array.of(1, 2)]);
    const decoded: Uint8Array[] = [];
    expect(() => {
      for (const frame of decoder.push(concatBytes(good, frameHeader(11)))) decoded.push(frame);
    }).toThrowError(expect.objectContaining({ code: 'NETWORK_TOO_LARGE' }));
    expect(decoded).toEqual([Uint8Array.of(1, 2)]);
  });

  it('tell how much of one is there when it ends early', () => {
    const decoder = createFrameDecoder(100);
    expect([...decoder.push(frameHeader(100).subarray(0, 2))]).toEqual([]);
    expect(decoder.partial).toEqual({ received: 0, expected: 4 });
    expect([...decoder.push(concatBytes(frameHeader(100).subarray(2), new Uint8Array(30)))]).toEqual([]);
    expect(decoder.partial).toEqual({ received: 30, expected: 100 });
  });
});
