import type { CompletionService } from '../chain/view.ts';
import type { InferenceEngine } from '../inference/engine.ts';
import { createCompletionService } from '../inference/service.ts';
import type { LearningService } from '../learning/types.ts';
import type { Genesis } from '../params/genesis.ts';
import type { NodeConfig } from '../params/node-config.ts';
import type { Logger } from '../primitives/log.ts';
import type { Shutdown } from './shutdown.ts';
import { startInferenceWorker } from './worker/services.ts';

/** While round r is open, r−1 is being checked and r−2 is the last settled one. */
const ROUNDS_FROM_SETTLED_TO_OPEN = 2;

/** Text from the settled model, by a worker thread that starts with the first request. */
export function createCompletions(
  config: NodeConfig,
  genesis: Genesis,
  { learning, shutdown, log }: { readonly learning: LearningService; readonly shutdown: Shutdown; readonly log: Logger },
): CompletionService {
  let started: Promise<InferenceEngine> | undefined;
  // A decoder that died takes its answers with it, not the node: the next request starts another.
  const forget = () => {
    started = undefined;
  };

  async function start(): Promise<InferenceEngine> {
    const data = { model: genesis.model, backend: config.backend };
    const { remote, terminate } = await startInferenceWorker(data, log.child({ room: 'inference' }), forget);
    shutdown.add('inference', terminate);
    return remote;
  }

  return createCompletionService(
    { contextLength: genesis.model.context_length, vocabSize: genesis.model.vocab_size },
    {
      engine() {
        started ??= start().catch((error) => {
          forget();
          throw error;
        });
        return started;
      },
      // What the learning engine holds, which may lag behind the chain: an answer names the model it came from.
      async model() {
        const { round, modelRoot } = await learning.current();
        return { weightsPath: await learning.settledWeightsPath(), modelRoot, round: Math.max(round - ROUNDS_FROM_SETTLED_TO_OPEN, -1) };
      },
    },
  );
}
