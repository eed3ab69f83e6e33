import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';
import { concatBytes } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { networkError } from './errors.ts';
import { createFrameDecoder, frameHeader } from './frames.ts';
import { WRITE_CHUNK_BYTES } from './limits.ts';

interface ReaderEvents {
  onChunk(bytes: Uint8Array): void;
  /** Once: undefined when the remote ended in order, else what broke. */
  onEnd(error: Error | undefined): void;
}

/**
 * Reads a stream by its events. Not by its async iterator, which ends at 'remoteCloseWrite' although bytes pushed back
 * by protocol negotiation are still to be delivered, and never pauses the sender.
 */
export function attachReader(stream: Stream, events: ReaderEvents): () => void {
  let done = false;
  const finish = (error: Error | undefined) => {
    if (done) return;
    detach();
    events.onEnd(error);
  };
  const onMessage = (event: StreamMessageEvent) => {
    try {
      if (event.data instanceof Uint8Array) events.onChunk(event.data);
      else for (const part of event.data) if (!done) events.onChunk(part);
    } catch (error) {
      finish(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const onEnd = () => finish(undefined);
  const onClose = (event: StreamCloseEvent) => {
    if (event.error !== undefined) finish(event.error);
    else if (stream.readBufferLength === 0) finish(undefined);
  };
  const detach = () => {
    done = true;
    stream.removeEventListener('message', onMessage);
    stream.removeEventListener('end', onEnd);
    stream.removeEventListener('close', onClose);
  };
  stream.addEventListener('message', onMessage);
  stream.addEventListener('end', onEnd);
  stream.addEventListener('close', onClose);
  if (stream.readableEnded || (stream.status !== 'open' && stream.readBufferLength === 0)) queueMicrotask(() => finish(undefined));
  return detach;
}

/**
 * The first `count` frames of a stream.
 * @throws NETWORK_TOO_LARGE; NETWORK_UNREACHABLE when the stream ends before them; the signal's reason
 */
export function readFrames(stream: Stream, count: number, maxBytes: number, signal: AbortSignal): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const decoder = createFrameDecoder(maxBytes);
    const frames: Uint8Array[] = [];
    const settle = (act: () => void) => {
      detach();
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    const detach = attachReader(stream, {
      onChunk(bytes) {
        frames.push(...decoder.push(bytes));
        if (frames.length >= count) settle(() => resolve(frames.slice(0, count)));
      },
      onEnd(error) {
        settle(() => reject(endedEarly(error, decoder.partial)));
      },
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function endedEarly(error: Error | undefined, partial: { received: number; expected: number } | undefined): Error {
  if (isPolError(error)) return error;
  const progress = partial === undefined ? 'before its answer' : `after ${partial.received} of ${partial.expected} bytes`;
  return networkError('NETWORK_UNREACHABLE', `the stream ended ${progress}`, { cause: error });
}

/** Sends one frame, as fast as the receiver takes it. @throws NETWORK_UNREACHABLE, the signal's reason */
export async function writeFrame(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const header = frameHeader(bytes.length);
  // One write, one packet, for all that is small.
  if (bytes.length <= WRITE_CHUNK_BYTES) return write(stream, concatBytes(header, bytes), signal);
  await write(stream, header, signal);
  for (let at = 0; at < bytes.length; at += WRITE_CHUNK_BYTES) {
    await write(stream, bytes.subarray(at, at + WRITE_CHUNK_BYTES), signal);
  }
}

async function write(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    stream.send(bytes);
  } catch (cause) {
    throw networkError('NETWORK_UNREACHABLE', 'the stream closed while sending', { cause });
  }
  while (stream.writableNeedsDrain) {
    if (stream.writeStatus === 'closed') throw networkError('NETWORK_UNREACHABLE', 'the stream closed while sending');
    await nextDrain(stream, signal);
  }
}

/** Not `stream.onDrain()`: its promise is made once and stays resolved, so from the second wait on it does not wait. */
function nextDrain(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      stream.removeEventListener('drain', onDrain);
      stream.removeEventListener('close', onClose);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    // The stream sends what it holds in a microtask after 'drain', and only then knows whether it is full again.
    const onDrain = () => settle(() => queueMicrotask(resolve));
    const onClose = (event: StreamCloseEvent) =>
      settle(() => reject(networkError('NETWORK_UNREACHABLE', 'the stream closed while sending', { cause: event.error })));
    const onAbort = () => settle(() => reject(signal.reason));
    stream.addEventListener('drain', onDrain);
    stream.addEventListener('close', onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
