import { networkError } from './errors.ts';

/** Every message on a stream of ours: its length as 4 bytes, big-endian, then its bytes. */
export const FRAME_HEADER_BYTES = 4;

export function frameHeader(length: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, length);
  return header;
}

export interface FrameDecoder {
  /**
   * Takes the next bytes of the stream; yields the frames they complete.
   * @throws NETWORK_TOO_LARGE as soon as a header announces more than the limit, after the frames before it
   */
  push(chunk: Uint8Array): Iterable<Uint8Array>;
  /** Undefined between frames; else how much of the current one is there. */
  readonly partial: { readonly received: number; readonly expected: number } | undefined;
}

/**
 * Cuts a byte stream into frames. A frame's buffer is made at its full length at once: bounded by the limit,
 * and the system commits its pages only as bytes arrive.
 */
export function createFrameDecoder(maxFrameBytes: number): FrameDecoder {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  let headerFilled = 0;
  let body: Uint8Array | undefined;
  let bodyFilled = 0;

  return {
    *push(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (body === undefined) {
          const take = Math.min(FRAME_HEADER_BYTES - headerFilled, chunk.length - at);
          header.set(chunk.subarray(at, at + take), headerFilled);
          headerFilled += take;
          at += take;
          if (headerFilled < FRAME_HEADER_BYTES) break;
          const length = new DataView(header.buffer).getUint32(0);
          if (length > maxFrameBytes) {
            throw networkError('NETWORK_TOO_LARGE', `a frame announces ${length} bytes where at most ${maxFrameBytes} are allowed`);
          }
          body = new Uint8Array(length);
          bodyFilled = 0;
        }
        const take = Math.min(body.length - bodyFilled, chunk.length - at);
        body.set(chunk.subarray(at, at + take), bodyFilled);
        bodyFilled += take;
        at += take;
        if (bodyFilled === body.length) {
          const frame = body;
          body = undefined;
          headerFilled = 0;
          yield frame;
        }
      }
    },
    get partial() {
      if (body !== undefined) return { received: bodyFilled, expected: body.length };
      return headerFilled === 0 ? undefined : { received: 0, expected: FRAME_HEADER_BYTES };
    },
  };
}
