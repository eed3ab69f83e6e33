import { Worker } from 'node:worker_threads';
import { messageOf } from '../../primitives/errors.ts';
import type { Logger } from '../../primitives/log.ts';
import { nodeError } from '../errors.ts';
import type { WorkerEnvelope } from './host.ts';
import { createEndpoint } from './rpc.ts';

/** A worker thread behind an interface of promises. */
export interface Hosted<T> {
  readonly remote: T;
  terminate(): Promise<void>;
}

/**
 * Starts a worker module that exposes an object over rpc, and waits until it says it is ready.
 * @throws what the worker's own start threw
 */
export async function startWorker<T extends object>(
  options: {
    readonly url: URL;
    readonly data: unknown;
    readonly name: string;
    readonly niceness: number;
    /** Of the thread's young objects: a thread that makes many short-lived ones runs faster with more (default: Node's). */
    readonly youngGenerationMb?: number;
  },
  log: Logger,
  /** Told when the worker ends without having been terminated. */
  onDeath: (error: Error) => void,
): Promise<Hosted<T>> {
  const worker = new Worker(options.url, {
    workerData: { data: options.data, niceness: options.niceness } satisfies WorkerEnvelope<unknown>,
    name: options.name,
    ...(options.youngGenerationMb === undefined ? {} : { resourceLimits: { maxYoungGenerationSizeMb: options.youngGenerationMb } }),
  });
  const endpoint = createEndpoint(worker, {
    log: (level: 'debug' | 'info' | 'warn' | 'error', facts: object, message: string) => log[level](facts, message),
  });
  let expected = false;
  const ended = new Promise<never>((_, reject) => {
    worker.once('error', (cause) =>
      reject(nodeError('NODE_WORKER_DIED', `the ${options.name} worker failed: ${messageOf(cause)}`, { cause })),
    );
    worker.once('exit', (code) => reject(nodeError('NODE_WORKER_DIED', `the ${options.name} worker ended with code ${code}`)));
  });
  ended.catch((error: Error) => {
    endpoint.close(error);
    if (!expected) onDeath(error);
  });
  const remote = endpoint.remote<T & { ready(): Promise<void> }>();
  await Promise.race([remote.ready(), ended]);
  return {
    remote,
    async terminate() {
      expected = true;
      await worker.terminate();
    },
  };
}
