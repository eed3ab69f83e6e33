import type { CompletionService } from '../chain/view.ts';
import type { InferenceEngine } from '../inference/engine.ts';
import { createCompletionService } from '../inference/service.ts';
import type { LearningService } from '../learning/types.ts';
import type { Genesis } from '../params/genesis.ts';
import type { NodeConfig } from '../params/node-config.ts';
import type { Logger } from '../primitives/log.ts';
import { assetFolders } from './assets.ts';
import type { ServedModels } from './served-models.ts';
import type { Shutdown } from './shutdown.ts';
import { startInferenceWorker } from './worker/services.ts';

/** While round r is open, r−1 is being checked and r−2 is the last settled one. */
const ROUNDS_FROM_SETTLED_TO_OPEN = 2;

export interface CompletionDependencies {
  readonly learning: Pick<LearningService, 'current' | 'heldModels'>;
  readonly served: ServedModels;
  readonly shutdown: Shutdown;
  readonly log: Logger;
}

/**
 * Text from the settled model, by a worker thread that starts with the first request.
 * @param computes whether this node trains or checks beside it: answering then keeps to its share
 */
export function createCompletions(
  config: NodeConfig,
  genesis: Genesis,
  computes: boolean,
  { learning, served, shutdown, log }: CompletionDependencies,
): CompletionService {
  const { model } = genesis;
  let started: Promise<InferenceEngine> | undefined;
  // A decoder that died takes its answers with it, not the node: the next request starts another.
  const forget = () => {
    started = undefined;
  };

  async function start(): Promise<InferenceEngine> {
    const data = {
      model,
      tokenizer: genesis.tokenizer,
      assets: assetFolders(config),
      backend: config.backend,
      threads: config.inference_threads,
      operands: config.inference_operands,
      slots: config.inference_slots,
      share: computes ? config.inference_share : 1,
    };
    const { remote, terminate } = await startInferenceWorker(data, log.child({ room: 'inference' }), forget);
    shutdown.add('inference', terminate);
    return remote;
  }

  return createCompletionService(
    {
      contextLength: model.context_length,
      vocabSize: model.vocab_size,
      slots: config.inference_slots,
      operands: config.inference_operands,
    },
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
        const [{ round }, [held]] = await Promise.all([learning.current(), learning.heldModels()]);
        if (held === undefined) throw new TypeError('the learning engine holds no model');
        return served.keep(held, Math.max(round - ROUNDS_FROM_SETTLED_TO_OPEN, -1));
      },
      servedModel: served.find,
    },
  );
}
