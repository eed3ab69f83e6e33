import { createServer } from 'node:net';
import { isPolError, type PolError } from '../primitives/errors.ts';
import { networkError, reasonOf } from './errors.ts';

/**
 * Says why listening failed. libp2p reports the reason in the text of its message only, so the port is tried once more.
 */
export async function explainListenFailure(host: string, port: number, cause: unknown): Promise<PolError> {
  if (isPolError(cause)) return cause;
  const code = await listenErrorCode(host, port);
  if (code === 'EADDRINUSE') return networkError('NETWORK_PORT_IN_USE', `port ${port} is in use: choose another --port`, { cause });
  const reason = code ?? reasonOf(cause);
  return networkError('NETWORK_LISTEN_FAILED', `cannot listen on ${host}:${port} (${reason}): check p2p_host and port`, { cause });
}

/** The errno of listening there, undefined when it works. */
function listenErrorCode(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
