import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Logger } from '../../primitives/log.ts';
import { createEndpoint } from './rpc.ts';

/** What `startWorker` hands over. */
export interface WorkerEnvelope<Data> {
  readonly data: Data;
  readonly niceness: number;
}

interface MainSide {
  log(level: 'debug' | 'info' | 'warn' | 'error', facts: object, message: string): Promise<void>;
}

/** The worker's half of `startWorker`: builds the service from the worker's data and exposes it. */
export function hostService<Data, Service extends object>(build: (data: Data, log: Logger) => Promise<Service>): void {
  if (parentPort === null) throw new Error('this module runs as a worker thread');
  // Linux gives each thread its own niceness; elsewhere this call would slow the whole process.
  const { data, niceness } = workerData as WorkerEnvelope<Data>;
  if (process.platform === 'linux') setPriority(niceness);
  let service: Promise<Service>;
  const exposed = new Proxy({} as Record<string, (...args: unknown[]) => unknown>, {
    get: (_, method: string) =>
      method === 'ready'
        ? async () => void (await service)
        : async (...args: unknown[]) => {
            const target = (await service) as Record<string, unknown>;
            const member = target[method];
            return typeof member === 'function' ? member.apply(target, args) : member;
          },
  });
  const main = createEndpoint(parentPort, exposed).remote<MainSide>();
  service = build(data, createRemoteLogger(main, {}));
  // Whoever calls hears of it; until then it is nobody's unhandled rejection.
  service.catch(() => {});
}

function createRemoteLogger(main: MainSide, bindings: object): Logger {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (facts: object, message: string) => {
    void main.log(level, { ...bindings, ...facts }, message).catch(() => {});
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => createRemoteLogger(main, { ...bindings, ...more }),
  };
}
