import type { Connection, Stream } from '@libp2p/interface';
import type { Clock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import { createDeadline, pause } from './deadline.ts';
import { networkError, reasonOf } from './errors.ts';
import {
  MAX_REQUESTS_IN_PER_PEER,
  MAX_REQUESTS_OUT_PER_PEER,
  MAX_RESPONSES_IN_FLIGHT_BYTES,
  MAX_STREAMS_PER_PROTOCOL,
  PENALTY_MALFORMED,
  PENALTY_OVER_RATE,
  PENALTY_UNFINISHED_REQUEST,
  REQUEST_LIMITS,
  REQUEST_PACE,
  REQUEST_READ_TIMEOUT_MS,
  RESPONSE_BASE_TIMEOUT_MS,
  RESPONSE_MIN_BYTES_PER_SECOND,
} from './limits.ts';
import { REQUEST_PROTOCOLS, type RequestProtocol } from './network.ts';
import type { WireNames } from './protocols.ts';
import { createSlots } from './slots.ts';
import { readFrames, writeFrame } from './streams.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

export type RequestHandler = (bytes: Uint8Array, from: string, connection: Connection) => Promise<Uint8Array>;

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export interface RequestDeps {
  readonly names: WireNames;
  readonly clock: Clock;
  readonly log: Logger;
  connectionTo(peer: string): Connection | undefined;
  penalise(peer: string, points: number, why: string): void;
  isRefused(peer: string): boolean;
}

/** What libp2p calls when a peer opens a stream. */
export interface StreamHandler {
  readonly protocol: string;
  readonly maxStreams: number;
  serve(stream: Stream, connection: Connection): void;
}

export interface Requests {
  request(peer: string, protocol: RequestProtocol, bytes: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  handle(protocol: RequestProtocol, handler: RequestHandler): void;
  readonly handlers: readonly StreamHandler[];
  forget(peer: string): void;
}

/** An answer is two frames: this byte, then the body. */
const ANSWERED = Uint8Array.of(0);
const REFUSED = Uint8Array.of(1);
/** A handler's errors that say the request is no request. */
const MALFORMED = /^CODEC_/;

/** Request and response, one stream each: frame out, half close, two frames back. */
export function createRequests(deps: RequestDeps): Requests {
  const handlers = new Map<RequestProtocol, RequestHandler>();
  const outgoing = createSlots(MAX_REQUESTS_OUT_PER_PEER);
  const incoming = new Map<string, { active: number; buckets: Map<RequestProtocol, TokenBucket> }>();
  /** What this node may ask of a peer, by peer and protocol. */
  const paces = new Map<string, TokenBucket>();
  let sendingBytes = 0;

  function peerState(peer: string) {
    let state = incoming.get(peer);
    if (state === undefined) {
      state = { active: 0, buckets: new Map() };
      incoming.set(peer, state);
    }
    return state;
  }

  function isWithinRate(peer: string, protocol: RequestProtocol): boolean {
    const { buckets } = peerState(peer);
    let bucket = buckets.get(protocol);
    if (bucket === undefined) {
      bucket = createTokenBucket(REQUEST_LIMITS[protocol], deps.clock);
      buckets.set(protocol, bucket);
    }
    return bucket.take();
  }

  /** Waits until the peer will not call this too fast. @throws the signal's reason */
  async function pace(peer: string, protocol: RequestProtocol, signal: AbortSignal): Promise<void> {
    const key = `${protocol}/${peer}`;
    let bucket = paces.get(key);
    if (bucket === undefined) {
      const { perSecond, burst } = REQUEST_LIMITS[protocol];
      bucket = createTokenBucket({ perSecond: perSecond * REQUEST_PACE, burst: Math.floor(burst * REQUEST_PACE) }, deps.clock);
      paces.set(key, bucket);
    }
    while (!bucket.take()) await pause(bucket.waitMs(), deps.clock, signal);
  }

  async function serve(protocol: RequestProtocol, stream: Stream, connection: Connection): Promise<void> {
    const from = connection.remotePeer.toString();
    if (deps.isRefused(from)) throw networkError('NETWORK_REFUSED', `${from} is refused`);
    const state = peerState(from);
    const handler = handlers.get(protocol);
    if (!isWithinRate(from, protocol)) {
      deps.penalise(from, PENALTY_OVER_RATE, `too many ${protocol} requests`);
      return answer(stream, undefined);
    }
    if (state.active >= MAX_REQUESTS_IN_PER_PEER) {
      deps.penalise(from, PENALTY_OVER_RATE, 'too many requests at a time');
      return answer(stream, undefined);
    }
    if (handler === undefined) return answer(stream, undefined);
    state.active++;
    const reading = createDeadline(REQUEST_READ_TIMEOUT_MS, `${protocol} request from ${from}`, deps.clock);
    try {
      const [bytes] = await readFrames(stream, 1, REQUEST_LIMITS[protocol].maxRequestBytes, reading.signal);
      reading.clear();
      if (bytes === undefined) throw networkError('NETWORK_UNREACHABLE', 'the request is missing');
      let body: Uint8Array | undefined;
      try {
        body = await handler(bytes, from, connection);
      } catch (error) {
        // A typed error is about the request; anything else is a fault of ours.
        const level = isPolError(error) ? 'debug' : 'warn';
        if (isPolError(error) && MALFORMED.test(error.code)) deps.penalise(from, PENALTY_MALFORMED, `${protocol}: ${messageOf(error)}`);
        deps.log[level]({ protocol, peer: from, error: messageOf(error) }, 'a request handler failed');
      }
      await answer(stream, body);
    } catch (error) {
      if (isPolError(error, 'NETWORK_TOO_LARGE')) deps.penalise(from, PENALTY_MALFORMED, `${protocol}: ${messageOf(error)}`);
      if (isPolError(error, 'NETWORK_TIMEOUT')) deps.penalise(from, PENALTY_UNFINISHED_REQUEST, messageOf(error));
      deps.log.debug({ protocol, peer: from, error: messageOf(error) }, 'a request was not answered');
      stream.abort(error instanceof Error ? error : new Error(messageOf(error)));
    } finally {
      reading.clear();
      state.active--;
      if (state.active === 0 && deps.connectionTo(from) === undefined) incoming.delete(from);
    }
  }

  /** @param body undefined to refuse */
  async function answer(stream: Stream, body: Uint8Array | undefined): Promise<void> {
    // Too much is on its way already: refused, and told so in one byte.
    if (body !== undefined && body.length > 0 && sendingBytes + body.length > MAX_RESPONSES_IN_FLIGHT_BYTES)
      return answer(stream, undefined);
    const allowedMs = RESPONSE_BASE_TIMEOUT_MS + ((body?.length ?? 0) / RESPONSE_MIN_BYTES_PER_SECOND) * 1000;
    const deadline = createDeadline(allowedMs, 'a response', deps.clock);
    sendingBytes += body?.length ?? 0;
    try {
      await writeFrame(stream, body === undefined ? REFUSED : ANSWERED, deadline.signal);
      await writeFrame(stream, body ?? new Uint8Array(), deadline.signal);
      await stream.close({ signal: deadline.signal });
    } finally {
      sendingBytes -= body?.length ?? 0;
      deadline.clear();
    }
  }

  return {
    async request(peer, protocol, bytes, options) {
      const { maxRequestBytes } = REQUEST_LIMITS[protocol];
      if (bytes.length > maxRequestBytes) {
        throw networkError(
          'NETWORK_TOO_LARGE',
          `a ${protocol} request has ${bytes.length} bytes where at most ${maxRequestBytes} are allowed`,
        );
      }
      const deadline = createDeadline(options.timeoutMs, `${protocol} request to ${peer}`, deps.clock, options.signal);
      try {
        const release = await outgoing.acquire(peer, deadline.signal);
        try {
          await pace(peer, protocol, deadline.signal);
          const connection = deps.connectionTo(peer);
          if (connection === undefined) throw networkError('NETWORK_UNREACHABLE', `${protocol} request: no connection to ${peer}`);
          return await ask(connection, deps.names.request(protocol), bytes, options.maxBytes, deadline.signal);
        } finally {
          release();
        }
      } finally {
        deadline.clear();
      }
    },
    handle(protocol, handler) {
      if (handlers.has(protocol)) throw networkError('NETWORK_HANDLER_TAKEN', `requests for "${protocol}" have a handler already`);
      handlers.set(protocol, handler);
    },
    handlers: REQUEST_PROTOCOLS.map((protocol) => ({
      protocol: deps.names.request(protocol),
      maxStreams: MAX_STREAMS_PER_PROTOCOL,
      serve(stream, connection) {
        serve(protocol, stream, connection).catch((error) => stream.abort(error));
      },
    })),
    forget(peer) {
      for (const protocol of REQUEST_PROTOCOLS) paces.delete(`${protocol}/${peer}`);
      if (incoming.get(peer)?.active === 0) incoming.delete(peer);
    },
  };
}

/**
 * One exchange over a connection.
 * @throws NETWORK_UNREACHABLE, NETWORK_REFUSED, NETWORK_TOO_LARGE, the signal's reason
 */
export async function ask(
  connection: Connection,
  protocolName: string,
  bytes: Uint8Array,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const peer = connection.remotePeer.toString();
  let stream: Stream;
  try {
    stream = await connection.newStream([protocolName], { signal, maxOutboundStreams: MAX_STREAMS_PER_PROTOCOL });
  } catch (cause) {
    signal.throwIfAborted();
    throw networkError('NETWORK_UNREACHABLE', `no stream to ${peer} for ${protocolName}: ${reasonOf(cause)}`, { cause });
  }
  try {
    // Attached before anything is sent, so that no byte of the answer can precede its reader.
    const answer = readFrames(stream, 2, Math.max(maxBytes, ANSWERED.length), signal);
    answer.catch(() => {});
    await writeFrame(stream, bytes, signal);
    await stream.close({ signal });
    const [status, body] = await answer;
    if (status?.[0] !== ANSWERED[0] || body === undefined) {
      throw networkError('NETWORK_REFUSED', `${peer} declined ${protocolName}; ask another peer or later`);
    }
    return body;
  } catch (error) {
    const failure = signal.aborted ? signal.reason : error;
    stream.abort(failure instanceof Error ? failure : new Error(messageOf(failure)));
    throw isPolError(failure) || signal.aborted
      ? failure
      : networkError('NETWORK_UNREACHABLE', `${peer}: ${messageOf(failure)}`, { cause: failure });
  }
}
