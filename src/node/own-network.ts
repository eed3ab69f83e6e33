import { describeDataset } from '../data/dataset.ts';
import { modelConfigForSize } from '../model/shape.ts';
import { measureTokensPerSecond } from '../model/training-speed.ts';
import type { Genesis } from '../params/genesis.ts';
import {
  createGenesis,
  DEFAULT_DATA_SOURCE,
  DEFAULT_LEARNING,
  DEFAULT_MODEL,
  defaultShape,
  START_STAKES,
} from '../params/network-defaults.ts';
import type { NodeConfig } from '../params/node-config.ts';
import { toHex } from '../primitives/bytes.ts';
import { signerFromPrivateKey } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import { createOnion, onionSeed } from '../protocol/onion.ts';
import { datasetCacheOf } from './paths.ts';

/** A new network with this node as its only authority: a single machine that trains, earns and chats by itself. */
export async function createOwnNetwork(config: NodeConfig, privateKey: Uint8Array, log: Logger): Promise<Genesis> {
  const { address } = signerFromPrivateKey(privateKey);
  log.info({ address: toHex(address) }, 'no genesis and no boot nodes: creating a network of this node alone');
  const { model, batchSize } = await chooseShape(config);
  const described = await describeDataset(
    {
      source: DEFAULT_DATA_SOURCE,
      vocabSize: model.vocab_size,
      contextLength: model.context_length,
      cacheDirectory: datasetCacheOf(config),
    },
    { baseDirectory: process.cwd() },
  );
  return createGenesis({
    name: `${config.node_id}-network`,
    timestamp: Math.floor(Date.now() / 1000),
    authorities: [
      {
        address: toHex(address),
        onion_tip: toHex(createOnion(onionSeed(privateKey, 'public')).tip),
        secret_onion_tip: toHex(createOnion(onionSeed(privateKey, 'secret')).tip),
      },
    ],
    stakes: { [toHex(address)]: START_STAKES.authority },
    data: {
      source: DEFAULT_DATA_SOURCE,
      root: toHex(described.root),
      tokens: described.tokens,
      held_out_tokens: described.heldOutTokens,
    },
    model,
    learning: {
      batch_size: batchSize,
      ...(config.learning_rate === undefined ? {} : { learning_rate: config.learning_rate }),
    },
  });
}

/** What the configuration asks for; where it asks for nothing, what this machine is fast enough for. */
async function chooseShape({ model_size, batch_size }: NodeConfig): Promise<ReturnType<typeof defaultShape>> {
  if (model_size === undefined && batch_size === undefined) return defaultShape(await measureTokensPerSecond(Date.now));
  const sizes = { vocabSize: DEFAULT_MODEL.vocab_size, contextLength: DEFAULT_MODEL.context_length };
  return {
    model: model_size === undefined ? DEFAULT_MODEL : modelConfigForSize(model_size, sizes),
    batchSize: batch_size ?? DEFAULT_LEARNING.batch_size,
  };
}
