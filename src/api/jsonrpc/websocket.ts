import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { toHex } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { type MaySpend, namesLoopback } from '../access.ts';
import { apiError } from '../errors.ts';
import {
  MAX_BODY_BYTES,
  MAX_WS_BUFFERED_BYTES,
  MAX_WS_CONNECTIONS,
  MAX_WS_SUBSCRIPTIONS,
  MAX_WS_WAITING_REQUESTS,
  WS_PING_MS,
} from '../limits.ts';
import type { createRpcHandler, RpcContext, Subscriber } from './handler.ts';
import type { SubscriptionHub } from './subscriptions.ts';

interface WebSocketDependencies {
  readonly answer: ReturnType<typeof createRpcHandler>;
  readonly context: Omit<RpcContext, 'maySpend' | 'subscriber'>;
  readonly maySpend: MaySpend;
  readonly hub: SubscriptionHub;
  readonly clock: Pick<Clock, 'after'>;
}

/** WebSocket's status for what a client should not have done (RFC 6455, section 7.4.1). */
const POLICY_VIOLATION = 1008;
const PARSE_ERROR = { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'parse error: the message is not JSON' } };

/**
 * JSON-RPC with subscriptions over WebSocket, on the port of HTTP and under its rules for web pages. A client is answered in the
 * order it asks; one that does not read what it is told, or asks faster than it is answered, is closed.
 */
export function serveWebSocket(server: Server, options: { readonly onLoopback: boolean }, dependencies: WebSocketDependencies) {
  const { clock } = dependencies;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES, perMessageDeflate: false });
  const silent = new WeakSet<WebSocket>();

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refuse = (status: string) => socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    const [path] = (request.url ?? '/').split('?');
    if (path !== '/' && path !== '/ws') refuse('404 Not Found');
    else if (options.onLoopback && !namesLoopback(request.headers)) refuse('403 Forbidden');
    else if (sockets.clients.size >= MAX_WS_CONNECTIONS) refuse('503 Service Unavailable');
    else {
      sockets.handleUpgrade(request, socket, head, (client) => {
        serveClient(client, dependencies.maySpend(request.headers), dependencies);
        client.on('pong', () => silent.delete(client));
      });
    }
  }

  /** A client whose machine is gone would stay for ever. */
  function ping(): void {
    for (const client of sockets.clients) {
      if (silent.has(client)) client.terminate();
      else {
        silent.add(client);
        client.ping();
      }
    }
    cancelPing = clock.after(WS_PING_MS, ping);
  }

  server.on('upgrade', upgrade);
  let cancelPing = clock.after(WS_PING_MS, ping);
  return {
    close(): void {
      cancelPing();
      server.off('upgrade', upgrade);
      for (const client of sockets.clients) client.terminate();
      sockets.close();
    },
  };
}

function serveClient(client: WebSocket, maySpend: boolean, { answer, context, hub }: WebSocketDependencies): void {
  const subscriptions = new Map<string, () => void>();
  let waiting = 0;
  let tail: Promise<unknown> = Promise.resolve();

  function send(message: unknown): void {
    if (client.readyState !== client.OPEN) return;
    if (client.bufferedAmount > MAX_WS_BUFFERED_BYTES) client.terminate();
    else client.send(JSON.stringify(message));
  }

  const subscriber: Subscriber = {
    add(topic, namespace) {
      if (subscriptions.size >= MAX_WS_SUBSCRIPTIONS)
        throw apiError('API_LIMIT', `at most ${MAX_WS_SUBSCRIPTIONS} subscriptions a connection`);
      const id = toHex(new Uint8Array(randomBytes(16)));
      const stop = hub.listen(topic, (result) =>
        send({ jsonrpc: '2.0', method: `${namespace}_subscription`, params: { subscription: id, result } }),
      );
      subscriptions.set(id, stop);
      return id;
    },
    remove(id) {
      subscriptions.get(id)?.();
      return subscriptions.delete(id);
    },
  };

  async function handle(text: string): Promise<void> {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      send(PARSE_ERROR);
      return;
    }
    const response = await answer(document, { ...context, maySpend, subscriber });
    if (response !== undefined) send(response);
  }

  client.on('message', (message: RawData) => {
    if (++waiting > MAX_WS_WAITING_REQUESTS) {
      client.close(POLICY_VIOLATION, 'too many requests wait');
      return;
    }
    tail = tail.then(() => handle(String(message))).finally(() => waiting--);
  });
  // An error is followed by the end.
  client.on('error', () => client.terminate());
  client.on('close', () => {
    for (const stop of subscriptions.values()) stop();
    subscriptions.clear();
  });
}
