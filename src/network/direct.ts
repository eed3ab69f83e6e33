import type { Connection, Stream } from '@libp2p/interface';
import type { Clock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import { createDeadline } from './deadline.ts';
import { networkError } from './errors.ts';
import { createFrameDecoder } from './frames.ts';
import {
  DIRECT_MESSAGES_BURST,
  DIRECT_MESSAGES_PER_SECOND,
  DIRECT_REOPEN_FIRST_MS,
  DIRECT_REOPEN_LAST_MS,
  MAX_DIRECT_HANDLERS,
  MAX_DIRECT_MESSAGE_BYTES,
  MAX_DIRECT_QUEUE_BYTES,
  MAX_DIRECT_QUEUE_MESSAGES,
  PENALTY_MALFORMED,
  PENALTY_OVER_RATE,
  PENALTY_REJECTED_MESSAGE,
  STREAM_OPEN_TIMEOUT_MS,
} from './limits.ts';
import type { DirectProtocol, Judgement } from './network.ts';
import type { WireNames } from './protocols.ts';
import type { StreamHandler } from './requests.ts';
import { attachReader, writeFrame } from './streams.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** A peer may have the old and the new stream open for a moment after a reconnection. */
const MAX_DIRECT_STREAMS = 4;
const PROTOCOLS: readonly DirectProtocol[] = ['consensus'];

export type DirectHandler = (bytes: Uint8Array, from: string) => Promise<Judgement>;

export interface DirectDeps {
  readonly names: WireNames;
  readonly clock: Clock;
  readonly log: Logger;
  connectionTo(peer: string): Connection | undefined;
  joinedPeers(): Iterable<string>;
  penalise(peer: string, points: number, why: string): void;
  isRefused(peer: string): boolean;
  onDropped(): void;
}

export interface DirectStreams {
  sendToAll(protocol: DirectProtocol, bytes: Uint8Array): void;
  onDirect(protocol: DirectProtocol, handler: DirectHandler): void;
  readonly handlers: readonly StreamHandler[];
  forget(peer: string): void;
  stop(): void;
}

/** One long-lived stream to each peer, beside gossip: the sender queues, the receiver judges. */
export function createDirectStreams(deps: DirectDeps): DirectStreams {
  const handlers = new Map<DirectProtocol, DirectHandler>();
  const senders = new Map<string, Sender>();
  /** By peer, not by stream: a new stream must not bring a new allowance. */
  const buckets = new Map<string, TokenBucket>();

  function bucketOf(peer: string): TokenBucket {
    let bucket = buckets.get(peer);
    if (bucket === undefined) {
      bucket = createTokenBucket({ perSecond: DIRECT_MESSAGES_PER_SECOND, burst: DIRECT_MESSAGES_BURST }, deps.clock);
      buckets.set(peer, bucket);
    }
    return bucket;
  }

  function receive(protocol: DirectProtocol, stream: Stream, connection: Connection): void {
    const from = connection.remotePeer.toString();
    const decoder = createFrameDecoder(MAX_DIRECT_MESSAGE_BYTES);
    let running = 0;

    const judge = async (frame: Uint8Array) => {
      const handler = handlers.get(protocol);
      if (handler === undefined) return;
      try {
        if ((await handler(frame, from)) === 'reject') deps.penalise(from, PENALTY_REJECTED_MESSAGE, `rejected ${protocol} message`);
      } catch (error) {
        deps.log.warn({ protocol, peer: from, error: messageOf(error) }, 'a direct message handler failed');
      }
    };
    const onFrame = (frame: Uint8Array) => {
      if (deps.isRefused(from)) throw networkError('NETWORK_REFUSED', `${from} is refused`);
      if (!bucketOf(from).take()) deps.penalise(from, PENALTY_OVER_RATE, `too many ${protocol} messages`);
      running++;
      if (running === MAX_DIRECT_HANDLERS && stream.readStatus === 'readable') stream.pause();
      judge(frame).finally(() => {
        running--;
        if (running < MAX_DIRECT_HANDLERS / 2) resumeReading(stream);
      });
    };
    attachReader(stream, {
      onChunk(bytes) {
        for (const frame of decoder.push(bytes)) onFrame(frame);
      },
      onEnd(error) {
        if (isPolError(error, 'NETWORK_TOO_LARGE')) {
          deps.penalise(from, PENALTY_MALFORMED, `${protocol}: ${error.message}`);
          stream.abort(error);
        } else if (error !== undefined) stream.abort(error);
        else stream.close().catch(() => {});
      },
    });
  }

  return {
    sendToAll(protocol, bytes) {
      if (bytes.length > MAX_DIRECT_MESSAGE_BYTES) {
        throw networkError('NETWORK_TOO_LARGE', `a direct message has ${bytes.length} bytes where at most ${MAX_DIRECT_MESSAGE_BYTES} fit`);
      }
      for (const peer of deps.joinedPeers()) {
        const key = `${protocol}/${peer}`;
        let sender = senders.get(key);
        if (sender === undefined) {
          sender = createSender(peer, deps.names.direct(protocol), deps);
          senders.set(key, sender);
        }
        sender.send(bytes);
      }
    },
    onDirect(protocol, handler) {
      if (handlers.has(protocol)) throw networkError('NETWORK_HANDLER_TAKEN', `direct "${protocol}" messages have a handler already`);
      handlers.set(protocol, handler);
    },
    handlers: PROTOCOLS.map((protocol) => ({
      protocol: deps.names.direct(protocol),
      maxStreams: MAX_DIRECT_STREAMS,
      serve: (stream, connection) => receive(protocol, stream, connection),
    })),
    forget(peer) {
      buckets.delete(peer);
      for (const protocol of PROTOCOLS) {
        senders.get(`${protocol}/${peer}`)?.stop();
        senders.delete(`${protocol}/${peer}`);
      }
    },
    stop() {
      for (const sender of senders.values()) sender.stop();
      senders.clear();
    },
  };
}

function resumeReading(stream: Stream): void {
  if (stream.readStatus !== 'paused') return;
  try {
    stream.resume();
  } catch {
    // Its connection is gone, of which the stream has not heard yet.
  }
}

interface Sender {
  send(bytes: Uint8Array): void;
  stop(): void;
}

function createSender(peer: string, protocolName: string, deps: DirectDeps): Sender {
  const queue: Uint8Array[] = [];
  const stopped = new AbortController();
  let queuedBytes = 0;
  let pumping = false;
  let stream: Stream | undefined;
  let wake = () => {};

  async function open(): Promise<Stream> {
    const connection = deps.connectionTo(peer);
    if (connection === undefined) throw networkError('NETWORK_UNREACHABLE', `no connection to ${peer}`);
    const deadline = createDeadline(STREAM_OPEN_TIMEOUT_MS, `direct stream to ${peer}`, deps.clock, stopped.signal);
    try {
      const opened = await connection.newStream([protocolName], { signal: deadline.signal, maxOutboundStreams: MAX_DIRECT_STREAMS });
      // The other side never writes; reading is how its end is noticed.
      attachReader(opened, {
        onChunk() {},
        onEnd() {
          if (stream === opened) stream = undefined;
          if (opened.status === 'open') opened.close().catch(() => {});
        },
      });
      return opened;
    } finally {
      deadline.clear();
    }
  }

  async function pump(): Promise<void> {
    let backoffMs = DIRECT_REOPEN_FIRST_MS;
    while (!stopped.signal.aborted) {
      const bytes = queue[0];
      if (bytes === undefined) return;
      try {
        stream ??= await open();
        queue.shift();
        queuedBytes -= bytes.length;
        await writeFrame(stream, bytes, stopped.signal);
        backoffMs = DIRECT_REOPEN_FIRST_MS;
      } catch (error) {
        stream?.abort(error instanceof Error ? error : new Error(messageOf(error)));
        stream = undefined;
        if (stopped.signal.aborted) return;
        deps.log.debug({ peer, error: messageOf(error) }, 'a direct stream broke; reopening');
        if (queue[0] !== bytes) {
          queue.unshift(bytes);
          queuedBytes += bytes.length;
        }
        await pause(backoffMs);
        backoffMs = Math.min(backoffMs * 2, DIRECT_REOPEN_LAST_MS);
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = deps.clock.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  return {
    send(bytes) {
      queue.push(bytes);
      queuedBytes += bytes.length;
      while (queue.length > MAX_DIRECT_QUEUE_MESSAGES || queuedBytes > MAX_DIRECT_QUEUE_BYTES) {
        queuedBytes -= queue.shift()?.length ?? 0;
        deps.onDropped();
      }
      if (pumping) return;
      pumping = true;
      pump().finally(() => {
        pumping = false;
      });
    },
    stop() {
      queue.length = 0;
      stopped.abort(networkError('NETWORK_UNREACHABLE', `${peer} left`));
      stream?.abort(new Error('the peer left'));
      wake();
    },
  };
}
