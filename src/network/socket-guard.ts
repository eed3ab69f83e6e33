import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { UPGRADE_DEADLINE_MS } from './limits.ts';

/** What libp2p's WebSocket listener is made of. */
interface ListenerParts {
  readonly server: Server;
  readonly http: HttpServer | undefined;
}

/**
 * Ends TCP connections that do not become WebSockets in time. libp2p waits for a connection's first byte without limit, and its
 * HTTP server, which never listens itself, does not check the time that headers take.
 */
export function guardSockets(listeners: readonly unknown[], options: { readonly maxConnections: number }): void {
  for (const listener of listeners) {
    if (!isListener(listener)) continue;
    const { server, http } = listener;
    server.maxConnections = options.maxConnections;
    const pending = new WeakMap<object, NodeJS.Timeout>();
    const done = (socket: object) => clearTimeout(pending.get(socket));
    server.on('connection', (socket: Socket) => {
      pending.set(
        socket,
        setTimeout(() => socket.destroy(), UPGRADE_DEADLINE_MS),
      );
      socket.once('close', () => done(socket));
    });
    http?.on('upgrade', (_, socket) => done(socket));
  }
}

function isListener(value: unknown): value is ListenerParts {
  return typeof value === 'object' && value !== null && 'server' in value && 'http' in value;
}
