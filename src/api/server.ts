import cors from '@fastify/cors';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { NodeView } from '../chain/view.ts';
import { type Clock, systemClock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import { createSpendingGuard, isLoopbackHost, type MaySpend, namesLoopback } from './access.ts';
import { apiError } from './errors.ts';
import { createFilters, type FilterRegistry } from './jsonrpc/filters.ts';
import { createRpcHandler } from './jsonrpc/handler.ts';
import { RPC_METHODS } from './jsonrpc/registry.ts';
import { createSubscriptionHub } from './jsonrpc/subscriptions.ts';
import { serveWebSocket } from './jsonrpc/websocket.ts';
import { MAX_BODY_BYTES } from './limits.ts';
import { createMetrics } from './metrics/metrics.ts';
import { type OpenAiErrorFacts, openAiErrorBody } from './openai/errors.ts';
import { type Admission, type ApiKey, createKeyring } from './openai/keys.ts';
import { isOpenAiPath, registerOpenAi } from './openai/routes.ts';
import { registerRest } from './rest/routes.ts';

export interface ApiServer {
  /** Listens; resolves to the base URL. @throws API_PORT_IN_USE */
  start(): Promise<string>;
  /** Ends streams and connections, then resolves. */
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  readonly host: string;
  readonly port: number;
  /** When given, `/v1` answers to these only. */
  readonly apiKeys?: readonly ApiKey[];
  /** Who sends it as a bearer may use the node's key from anywhere. */
  readonly spendingToken?: string;
}

/** The node's HTTP side: JSON-RPC on `POST /`, REST on `/api/v1`, OpenAI on `/v1`. */
export function createApiServer(
  options: ApiServerOptions,
  dependencies: { readonly view: NodeView; readonly log: Logger; readonly clock?: Clock },
): ApiServer {
  const { log, clock = systemClock } = dependencies;
  const metrics = createMetrics(dependencies.view, { now: () => performance.now() });
  const view: NodeView = { ...dependencies.view, completions: metrics.completions };
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  const isOpenAi = (request: FastifyRequest) => isOpenAiPath(request.url);

  const onLoopback = isLoopbackHost(options.host);
  const maySpend = createSpendingGuard({ onLoopback, token: options.spendingToken });

  if (onLoopback) {
    app.addHook('onRequest', async ({ headers }) => {
      if (namesLoopback(headers)) return;
      throw apiError('API_HOST', `host "${(headers.host ?? '').slice(0, 80)}" is not this machine: ask for localhost, or set --api-host`);
    });
  }
  // Pages may read: explorers and wallets are pages. What spends is guarded by itself.
  app.register(cors, { origin: true });

  app.setErrorHandler((error, request, reply) => {
    const known = isPolError(error);
    const status = known ? error.http : statusOf(error);
    const code = known ? error.code : status < 500 ? 'API_INVALID_REQUEST' : 'API_INTERNAL';
    if (status >= 500) log[leftByClient(error) ? 'debug' : 'error']({ err: error, url: request.url }, 'a request failed');
    const message = messageOf(error);
    const facts = known ? (error.data as OpenAiErrorFacts | undefined) : undefined;
    if (isOpenAi(request) && facts?.headers !== undefined) reply.headers(facts.headers);
    const body = isOpenAi(request) ? openAiErrorBody(status, code, message, facts) : { error: { code, message } };
    return reply.status(status).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `there is no ${request.method} ${request.url.split('?')[0]}`;
    return reply
      .status(404)
      .send(isOpenAi(request) ? openAiErrorBody(404, 'API_NOT_FOUND', message) : { error: { code: 'API_NOT_FOUND', message } });
  });

  const filters = createFilters({ view, clock });
  const answer = createRpcHandler(RPC_METHODS, log);
  const hub = createSubscriptionHub({ view });
  const sockets = serveWebSocket(app.server, { onLoopback }, { answer, context: { view, filters }, maySpend, hub, clock });
  registerJsonRpc(app, { view, filters, answer, maySpend });
  registerRest(app, view);
  const admissions = guardOpenAi(app, options.apiKeys, clock);
  registerOpenAi(app, view, (request, tokens) => admissions.get(request)?.spend(tokens));
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));

  return {
    async start() {
      try {
        return await app.listen({ host: options.host, port: options.port });
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE') {
          throw apiError('API_PORT_IN_USE', `API port ${options.port} is in use: stop the other program or choose another --api-port`, {
            cause,
          });
        }
        throw cause;
      }
    },
    async stop() {
      sockets.close();
      hub.close();
      filters.close();
      await app.close();
    },
  };
}

/** Asks for a key where OpenAI's API is served, when there are any; what was let in, by request. */
function guardOpenAi(app: FastifyInstance, keys: readonly ApiKey[] | undefined, clock: Clock): WeakMap<FastifyRequest, Admission> {
  const admissions = new WeakMap<FastifyRequest, Admission>();
  if (keys === undefined) return admissions;
  const keyring = createKeyring(keys, { clock });
  app.addHook('onRequest', async (request, reply) => {
    if (!isOpenAiPath(request.url) || request.method === 'OPTIONS') return;
    const admission = keyring.admit(request.headers);
    admissions.set(request, admission);
    reply.headers(admission.headers);
  });
  return admissions;
}

/** JSON-RPC answers parse errors itself, as its specification says, so it reads the body as text. */
function registerJsonRpc(
  app: FastifyInstance,
  parts: {
    readonly view: NodeView;
    readonly filters: FilterRegistry;
    readonly answer: ReturnType<typeof createRpcHandler>;
    readonly maySpend: MaySpend;
  },
): void {
  const { view, filters, answer, maySpend } = parts;
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    scope.post('/', async (request, reply) => {
      reply.type('application/json');
      let document: unknown;
      try {
        document = JSON.parse(String(request.body ?? ''));
      } catch {
        return { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'parse error: the body is not JSON' } };
      }
      const response = await answer(document, { view, filters, maySpend: maySpend(request.headers) });
      // Notifications have no answer.
      return response ?? reply.status(204).send();
    });
  });
}

/** A stream that its reader closed before the end. */
function leftByClient(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Fastify's own errors carry the HTTP status of a client's mistake. */
function statusOf(error: unknown): number {
  if (typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return 500;
}
