import type { InferenceEngine } from '../../inference/engine.ts';
import type { LearningService } from '../../learning/types.ts';
import type { Logger } from '../../primitives/log.ts';
import type { InferenceWorkerData } from './inference-worker.ts';
import type { LearningWorkerData } from './learning-worker.ts';
import type { RecoveryService } from './recovery-worker.ts';
import { type Hosted, startWorker } from './start.ts';

/** The worker module beside this one: .js when built, .ts when run from source. */
const moduleUrl = (name: string) => new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/**
 * Linux nice values of computing threads. Consensus and the APIs (0) are served first; then answers and checks, which
 * others wait for; training takes what is left, since a slow trainer merely claims fewer segments.
 */
export const Niceness = { recovery: 0, checking: 5, inference: 5, training: 15 } as const;

/** The learning engine in a thread of its own, so that consensus and the APIs never wait for arithmetic. */
export async function startLearningWorker(
  data: LearningWorkerData,
  niceness: number,
  log: Logger,
  onDeath: (error: Error) => void,
): Promise<Hosted<LearningService>> {
  type Facts = { backendName(): Promise<string>; parameters(): Promise<number> };
  const { remote, terminate } = await startWorker<Facts>(
    { url: moduleUrl('learning-worker'), data, name: 'learning', niceness },
    log,
    onDeath,
  );
  const facts = { backendName: await remote.backendName(), parameters: await remote.parameters() };
  // Over the thread's border every member is a call; the two constant ones are fetched once.
  const learning: LearningService = Object.assign(Object.create(remote), facts);
  return { remote: learning, terminate };
}

export async function startInferenceWorker(
  data: InferenceWorkerData,
  log: Logger,
  onDeath: (error: Error) => void,
): Promise<Hosted<InferenceEngine>> {
  return startWorker<InferenceEngine>(
    { url: moduleUrl('inference-worker'), data, name: 'inference', niceness: Niceness.inference },
    log,
    onDeath,
  );
}

/**
 * A thread that recovers senders of transactions beside the main one. At the main thread's priority: blocks wait for it. One is enough
 * for what arrives by gossip, and makes two of a block's import.
 */
export async function startRecoveryWorker(log: Logger, onDeath: (error: Error) => void): Promise<Hosted<RecoveryService>> {
  return startWorker<RecoveryService>(
    { url: moduleUrl('recovery-worker'), data: {}, name: 'recovery', niceness: Niceness.recovery },
    log,
    onDeath,
  );
}
