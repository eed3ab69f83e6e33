import { createServer } from 'node:net';
import { cliError } from '../errors.ts';
import { errnoOf } from '../files.ts';
import type { DevnetNode } from './network-folder.ts';

/** @throws CLI_PORT_IN_USE naming the first taken port, whose it is, and the flag that moves it */
export async function requireFreePorts(nodes: readonly DevnetNode[]): Promise<void> {
  for (const { name, config } of nodes) {
    await requireFreePort(config.port, config.p2p_host, `the port of ${name}`, '--base-port');
    await requireFreePort(config.api_port, config.api_host, `the API port of ${name}`, '--base-api-port');
  }
}

function requireFreePort(port: number, host: string, use: string, flag: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) => {
      const why = errnoOf(cause) === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${errnoOf(cause) ?? cause.message})`;
      reject(cliError('CLI_PORT_IN_USE', `port ${port}, ${use}, ${why}; stop what uses it, or choose other ports with ${flag}`, { cause }));
    });
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve()));
  });
}
