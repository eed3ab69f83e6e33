import type { MessagePort, Worker } from 'node:worker_threads';
import { isPolError, messageOf, PolError } from '../../primitives/errors.ts';

/**
 * Calls between two threads. Arguments and results are structured clones; a function among the arguments, or an object
 * of functions, becomes a proxy that calls back. Errors keep their code.
 */
type Port = Pick<MessagePort | Worker, 'postMessage'> & { on(event: 'message', listener: (message: Message) => void): unknown };

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly target: number; readonly method: string; readonly args: readonly Argument[] }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'error';
      readonly id: number;
      /** Of a PolError; other errors have only their message. */
      readonly typed: { readonly code: string; readonly http: number; readonly jsonRpc: number } | undefined;
      readonly message: string;
      readonly stack: string | undefined;
    };

type Argument = { readonly value: unknown } | { readonly proxy: number; readonly methods: readonly string[] | undefined };
type AnyFunction = (...args: readonly unknown[]) => unknown;
type Target = Readonly<Record<string, AnyFunction>>;

const ROOT_TARGET = 0;
/** Method name under which a bare function is called. */
const CALL = '()';

export interface Endpoint {
  /** The other side's exposed object; every method returns a promise. */
  remote<T extends object>(): T;
  /** Fails all calls under way: the other side is gone. */
  close(reason: Error): void;
}

export function createEndpoint(port: Port, exposed?: object): Endpoint {
  const targets = new Map<number, Target>();
  if (exposed !== undefined) targets.set(ROOT_TARGET, exposed as Target);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let nextCall = 1;
  let nextTarget = 1;
  let closed: Error | undefined;

  function pack(argument: unknown, made: number[]): Argument {
    if (typeof argument === 'function') return register({ [CALL]: argument as AnyFunction }, undefined, made);
    if (isBagOfFunctions(argument)) return register(argument, Object.keys(argument), made);
    return { value: argument };
  }

  function register(target: Target, methods: readonly string[] | undefined, made: number[]): Argument {
    const proxy = nextTarget++;
    targets.set(proxy, target);
    made.push(proxy);
    return { proxy, methods };
  }

  function unpack(argument: Argument): unknown {
    if ('value' in argument) return argument.value;
    const { proxy, methods } = argument;
    if (methods === undefined) return (...args: unknown[]) => call(proxy, CALL, args);
    return Object.fromEntries(methods.map((method) => [method, (...args: unknown[]) => call(proxy, method, args)]));
  }

  function call(target: number, method: string, args: readonly unknown[]): Promise<unknown> {
    if (closed !== undefined) return Promise.reject(closed);
    const id = nextCall++;
    const made: number[] = [];
    const packed = args.map((argument) => pack(argument, made));
    const result = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    port.postMessage({ kind: 'call', id, target, method, args: packed } satisfies Message);
    return result.finally(() => {
      for (const proxy of made) targets.delete(proxy);
    });
  }

  async function answer(message: Extract<Message, { kind: 'call' }>): Promise<void> {
    try {
      const target = targets.get(message.target);
      const method = target?.[message.method];
      // A callback that comes after its call has ended has nobody to hear it.
      if (target === undefined && message.target !== ROOT_TARGET)
        return port.postMessage({ kind: 'result', id: message.id, value: undefined });
      if (typeof method !== 'function') throw new Error(`no method ${message.method}`);
      const value = await method.apply(target, message.args.map(unpack));
      port.postMessage({ kind: 'result', id: message.id, value } satisfies Message);
    } catch (error) {
      port.postMessage({
        kind: 'error',
        id: message.id,
        typed: isPolError(error) ? { code: error.code, http: error.http, jsonRpc: error.jsonRpc } : undefined,
        message: messageOf(error),
        stack: error instanceof Error ? error.stack : undefined,
      } satisfies Message);
    }
  }

  port.on('message', (message) => {
    if (message.kind === 'call') {
      void answer(message);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'result') call?.resolve(message.value);
    else {
      const error =
        message.typed === undefined ? new Error(message.message) : new PolError(message.typed.code, message.message, message.typed);
      if (message.stack !== undefined) error.stack = message.stack;
      call?.reject(error);
    }
  });

  return {
    remote: <T extends object>() =>
      new Proxy({} as T, {
        // Not a thenable: a proxy returned from an async function must not be awaited into a call of "then".
        get: (_, method) =>
          typeof method !== 'string' || method === 'then' ? undefined : (...args: unknown[]) => call(ROOT_TARGET, method, args),
      }),
    close(reason) {
      closed = reason;
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
    },
  };
}

function isBagOfFunctions(value: unknown): value is Target {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false;
  const members = Object.values(value);
  return members.length > 0 && members.every((member) => typeof member === 'function');
}
