import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../primitives/clock.ts';

/** What goes wrong with one answer. */
export type Fault =
  /** The connection breaks in the middle of the body. */
  | 'drop'
  /** Fewer bytes than Content-Length says. */
  | 'short'
  /** The connection breaks before the answer. */
  | 'refuse'
  | { readonly status: number; readonly retryAfter?: string }
  /** Content-Length of other bytes than the listing's. */
  | 'wrong-length'
  /** As many bytes, others. */
  | 'wrong-bytes'
  /** Range is not known, and all is sent. */
  | 'no-range';

export interface FakeHub {
  readonly endpoint: string;
  /** What happened: method, path and Range. */
  readonly requests: string[];
  /** Faults of the next answers to requests for files, in order. */
  readonly faults: Fault[];
  /** Faults that never end, after those. */
  always: Fault | undefined;
}

export const COMMIT = 'c0ffee'.padEnd(40, '0');

/** A server that speaks the part of a hub's API that data sets need, and fails as told. */
export async function startFakeHub(
  files: Readonly<Record<string, Uint8Array>>,
  options: { readonly token?: string; readonly pageSize?: number; readonly branch?: string } = {},
): Promise<FakeHub> {
  const requests: string[] = [];
  const faults: Fault[] = [];
  const hub: { endpoint: string; requests: string[]; faults: Fault[]; always: Fault | undefined } = {
    endpoint: '',
    requests,
    faults,
    always: undefined,
  };
  const branch = options.branch ?? 'refs/convert/parquet';
  const server = createServer((request, response) => {
    requests.push(`${request.url ?? ''} ${request.headers.range ?? ''}`.trim());
    if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`)
      return void response.writeHead(401).end();
    const url = new URL(request.url ?? '/', hub.endpoint);
    const path = decodeURIComponent(url.pathname);
    if (path === `/api/datasets/me/book/revision/${branch}` || path === `/api/datasets/me/book/revision/${COMMIT}`)
      return json(response, { sha: COMMIT });
    if (path === `/api/datasets/me/book/tree/${COMMIT}`) return list(url, response);
    const file = files[path.replace(`/datasets/me/book/resolve/${COMMIT}/`, '')];
    if (file === undefined) return void response.writeHead(404).end('Not Found');
    serve(request, response, file, faults.shift() ?? hub.always);
  });

  function list(url: URL, response: ServerResponse): void {
    const names = Object.keys(files);
    const at = Number(url.searchParams.get('cursor') ?? 0);
    const size = options.pageSize ?? names.length;
    const page = names.slice(at, at + size).map((path) => {
      const bytes = files[path] as Uint8Array;
      return {
        type: 'file',
        path,
        size: bytes.length,
        oid: '0',
        lfs: { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length },
      };
    });
    const next =
      at + size < names.length ? { link: `<${hub.endpoint}${url.pathname}?recursive=true&cursor=${at + size}>; rel="next"` } : {};
    json(response, page, next);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hub.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return hub;
}

function json(response: ServerResponse, document: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(document));
}

function serve(request: IncomingMessage, response: ServerResponse, whole: Uint8Array, fault: Fault | undefined): void {
  if (typeof fault === 'object') {
    response.writeHead(fault.status, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }).end();
    return;
  }
  if (fault === 'refuse') return void request.socket.destroy();
  const file = fault === 'wrong-bytes' ? whole.map((byte) => byte ^ 1) : whole;
  const from = fault === 'no-range' ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from > file.length) return void response.writeHead(416).end();
  const body = file.subarray(from);
  const length = fault === 'wrong-length' ? body.length + 7 : body.length;
  const total = file.length + (fault === 'wrong-length' ? 7 : 0);
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': length,
    etag: '"v1"',
    ...(from > 0 ? { 'content-range': `bytes ${from}-${total - 1}/${total}` } : {}),
  });
  if (fault === 'drop' || fault === 'short') {
    const half = body.subarray(0, Math.ceil(body.length / 2));
    response.write(half, () => {
      // What was written must leave before the connection does.
      setImmediate(() => (fault === 'drop' ? request.socket.resetAndDestroy() : request.socket.end()));
    });
    return;
  }
  response.end(body);
}

/** Pauses take no time; waiting for a silent server takes its own. */
export const hastyClock: Clock = {
  now: () => 0,
  after(ms, callback) {
    const timer = setTimeout(callback, ms >= 30_000 ? ms : 0);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
