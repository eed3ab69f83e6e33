import { isPolError, messageOf } from '../../primitives/errors.ts';
import { executionError } from '../errors.ts';
import { createJwt } from './jwt.ts';

/** Longest that an execution client may take for one answer: engine_newPayload executes a block. */
const REQUEST_TIMEOUT_MS = 30_000;

/** JSON-RPC with an execution client's authenticated port. */
export interface EngineRpc {
  /** @throws EXECUTION_CLIENT_UNREACHABLE, EXECUTION_CLIENT_AUTH, EXECUTION_CLIENT_FAILED */
  call<T>(method: string, ...params: readonly unknown[]): Promise<T>;
}

export function createEngineRpc(
  options: { readonly url: string; readonly jwtSecret: Uint8Array },
  dependencies: { readonly now: () => number; readonly fetch?: typeof fetch },
): EngineRpc {
  const { url, jwtSecret } = options;
  const { now, fetch: request = fetch } = dependencies;
  let nextId = 1;

  async function post(body: string): Promise<Response> {
    try {
      return await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${createJwt(jwtSecret, Math.floor(now() / 1000))}` },
        body,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch (cause) {
      throw executionError(
        'EXECUTION_CLIENT_UNREACHABLE',
        `the execution client at ${url} does not answer (${messageOf(cause)}): start it, or correct --execution-engine`,
        { cause },
      );
    }
  }

  return {
    async call(method, ...params) {
      const response = await post(JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params }));
      if (response.status === 401 || response.status === 403) {
        throw executionError(
          'EXECUTION_CLIENT_AUTH',
          `the execution client at ${url} refuses this node's token: give both the same --jwt-secret file, and see that both clocks agree`,
        );
      }
      try {
        const { result, error } = (await response.json()) as { result?: unknown; error?: { code?: number; message?: string } };
        if (error !== undefined && error !== null) {
          throw executionError('EXECUTION_CLIENT_FAILED', `${method}: the execution client answers ${error.code}: ${error.message}`);
        }
        return result as never;
      } catch (error) {
        if (isPolError(error)) throw error;
        throw executionError(
          'EXECUTION_CLIENT_FAILED',
          `${method}: the execution client at ${url} answers ${response.status} and no JSON-RPC: is it the port of the Engine API?`,
          { cause: error },
        );
      }
    },
  };
}
