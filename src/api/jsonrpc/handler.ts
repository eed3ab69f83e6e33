import type { NodeView } from '../../chain/view.ts';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import type { Logger } from '../../primitives/log.ts';
import { apiError } from '../errors.ts';
import { MAX_BATCH_REQUESTS, MAX_BATCH_RESPONSE_LENGTH } from '../limits.ts';
import type { FilterRegistry } from './filters.ts';
import type { Topic } from './subscriptions.ts';

/** What a method gets: the node, and whether the caller may spend the node's coins. */
export interface RpcContext {
  readonly view: NodeView;
  readonly maySpend: boolean;
  readonly filters: FilterRegistry;
  /** Only a WebSocket can be told of things later. */
  readonly subscriber?: Subscriber;
}

/** The subscriptions of one connection. */
export interface Subscriber {
  /** The subscription's name. It is told by `eth_subscription` or `pol_subscription`. @throws API_LIMIT */
  add(topic: Topic, namespace: 'eth' | 'pol'): string;
  /** False when there is none of that name. */
  remove(id: string): boolean;
}

/** One JSON-RPC method. Throws PolError; its `jsonRpc` number becomes the error's code. */
export interface RpcMethod {
  readonly name: string;
  /** Called before the calls of a batch, which then run one by one, with the parameters of all of them. Must not throw for wrong ones. */
  prepare?(calls: readonly (readonly unknown[])[], context: RpcContext): Promise<void>;
  call(params: readonly unknown[], context: RpcContext): unknown;
}

type Id = string | number | null;
interface Response {
  readonly jsonrpc: '2.0';
  readonly id: Id;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/**
 * Answers a JSON-RPC 2.0 document (https://www.jsonrpc.org/specification): a request or a batch. Undefined when it held
 * only notifications.
 */
export function createRpcHandler(methods: ReadonlyMap<string, RpcMethod>, log: Logger) {
  function failure(id: Id, error: unknown): Response {
    if (isPolError(error)) {
      const data = error.data === undefined ? {} : { data: error.data };
      return { jsonrpc: '2.0', id, error: { code: error.jsonRpc, message: error.message, ...data } };
    }
    log.error({ err: error }, 'a JSON-RPC method failed');
    return { jsonrpc: '2.0', id, error: { code: -32603, message: `internal error: ${messageOf(error)}` } };
  }

  async function one(request: unknown, context: RpcContext): Promise<Response | undefined> {
    if (typeof request !== 'object' || request === null || Array.isArray(request)) {
      return failure(null, apiError('API_INVALID_JSONRPC', 'a request must be an object'));
    }
    const { jsonrpc, id, method, params } = request as Record<string, unknown>;
    const isId = id === null || typeof id === 'string' || typeof id === 'number';
    if (jsonrpc !== '2.0' || typeof method !== 'string' || !(isId || id === undefined)) {
      return failure(
        isId ? id : null,
        apiError('API_INVALID_JSONRPC', 'a request needs "jsonrpc":"2.0", a string "method", and an id that is a string or number'),
      );
    }
    const answerTo: Id = isId ? id : null;
    let response: Response;
    try {
      if (params !== undefined && params !== null && !Array.isArray(params))
        throw apiError('API_INVALID_REQUEST', 'params must be an array');
      const found = methods.get(method);
      if (found === undefined) throw apiError('API_METHOD_NOT_FOUND', `the method ${method} does not exist/is not available`);
      response = { jsonrpc: '2.0', id: answerTo, result: (await found.call(params ?? [], context)) ?? null };
    } catch (error) {
      response = failure(answerTo, error);
    }
    return id === undefined ? undefined : response;
  }

  /** Lets methods ready themselves for all of their calls in a batch; what is wrong with one shows when it is called. */
  async function prepare(batch: readonly unknown[], context: RpcContext): Promise<void> {
    const calls = new Map<RpcMethod, unknown[][]>();
    for (const request of batch) {
      if (typeof request !== 'object' || request === null || !('method' in request) || !('params' in request)) continue;
      const method = typeof request.method === 'string' ? methods.get(request.method) : undefined;
      if (method?.prepare === undefined || !Array.isArray(request.params)) continue;
      const params = calls.get(method) ?? [];
      params.push(request.params);
      calls.set(method, params);
    }
    for (const [method, params] of calls) await method.prepare?.(params, context);
  }

  function tooLarge(request: unknown): Response {
    const id = typeof request === 'object' && request !== null && 'id' in request ? request.id : null;
    const isId = typeof id === 'string' || typeof id === 'number';
    return failure(isId ? id : null, apiError('API_RESPONSE_TOO_LARGE', 'response too large: ask for less in one batch'));
  }

  return async (document: unknown, context: RpcContext): Promise<Response | readonly Response[] | undefined> => {
    if (!Array.isArray(document)) return one(document, context);
    if (document.length === 0) return failure(null, apiError('API_INVALID_JSONRPC', 'an empty batch'));
    if (document.length > MAX_BATCH_REQUESTS) {
      return failure(null, apiError('API_INVALID_JSONRPC', `a batch holds at most ${MAX_BATCH_REQUESTS} requests`));
    }
    await prepare(document, context);
    const responses: Response[] = [];
    // In order, one after the other: two transfers in a batch take consecutive nonces.
    let length = 0;
    for (const request of document) {
      const response = length > MAX_BATCH_RESPONSE_LENGTH ? tooLarge(request) : await one(request, context);
      if (response === undefined) continue;
      length += JSON.stringify(response).length;
      responses.push(response);
    }
    return responses.length === 0 ? undefined : responses;
  };
}
