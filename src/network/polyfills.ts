import { WebSocket, WebSocketServer } from 'ws';
import { DIAL_TIMEOUT_MS, MAX_WEBSOCKET_MESSAGE_BYTES } from './limits.ts';

// What libp2p needs of its surroundings. This module must be evaluated before any of libp2p's: it is the first import of
// ./libp2p-node.ts, and has no top-level await, which would let its siblings run first.

interface Resolvers<T> {
  promise: Promise<T>;
  resolve(value: T | PromiseLike<T>): void;
  reject(reason?: unknown): void;
}

const promiseConstructor = Promise as PromiseConstructor & { withResolvers?: <T>() => Resolvers<T> };

// Node 22 has it.
promiseConstructor.withResolvers ??= function withResolvers<T>(): Resolvers<T> {
  let resolve: Resolvers<T>['resolve'] = () => {};
  let reject: Resolvers<T>['reject'] = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
};

/**
 * libp2p aborts a connection by `close(1006)`. That code may not be sent (RFC 6455 §7.4.1): `close` throws, libp2p logs it,
 * and the socket stays open, so that the other side goes on believing in a connection that is gone.
 */
const ABNORMAL_CLOSURE = 1006;

interface Closable {
  close(code?: number, reason?: string): void;
}

function endOnAbnormalClosure<T extends Closable>(prototype: T, end: (socket: T) => void): void {
  const close = prototype.close;
  prototype.close = function closeOrEnd(this: T, code?: number, reason?: string) {
    if (code === ABNORMAL_CLOSURE) end(this);
    else close.call(this, code, reason);
  };
}

endOnAbnormalClosure<Closable & { terminate(): void }>(WebSocket.prototype, (socket) => socket.terminate());

/** libp2p's listener takes no options for its WebSockets, whose own bound is 100 MiB a message. */
const { handleUpgrade } = WebSocketServer.prototype;
WebSocketServer.prototype.handleUpgrade = function bounded(...parameters) {
  this.options.maxPayload = MAX_WEBSOCKET_MESSAGE_BYTES;
  handleUpgrade.apply(this, parameters);
};

/** A dialling socket that libp2p may forget: it stops listening to a dial that it aborts, and a later 'error' would end the process. */
class DiallingSocket extends WebSocket {
  constructor(address: string | URL, protocols?: string | string[]) {
    super(address, protocols, { handshakeTimeout: DIAL_TIMEOUT_MS, maxPayload: MAX_WEBSOCKET_MESSAGE_BYTES });
    this.on('error', () => {});
  }
}

const globals = globalThis as { WebSocket?: { readonly prototype: Closable } };

// Node 22 has one of its own, which knows no abrupt end: the orderly one must do.
if (globals.WebSocket !== undefined) endOnAbnormalClosure(globals.WebSocket.prototype, (socket) => socket.close(1000));
globals.WebSocket ??= DiallingSocket;
