import { describeDataset } from '../data/dataset.ts';
import { modelConfigForSize } from '../model/shape.ts';
import type { Genesis } from '../params/genesis.ts';
import { createGenesis, DEFAULT_DATA_SOURCE, DEFAULT_MODEL } from '../params/network-defaults.ts';
import type { NodeConfig } from '../params/node-config.ts';
import { toHex } from '../primitives/bytes.ts';
import { signerFromPrivateKey } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import { createOnion } from '../protocol/onion.ts';
import { datasetCacheOf } from './paths.ts';

/** A new network with this node as its only authority: a single machine that trains, earns and chats by itself. */
export async function createOwnNetwork(config: NodeConfig, privateKey: Uint8Array, log: Logger): Promise<Genesis> {
  const { address } = signerFromPrivateKey(privateKey);
  const sizes = { vocabSize: DEFAULT_MODEL.vocab_size, contextLength: DEFAULT_MODEL.context_length };
  const model = config.model_size === undefined ? DEFAULT_MODEL : modelConfigForSize(config.model_size, sizes);
  log.info({ address: toHex(address) }, 'no genesis and no boot nodes: creating a network of this node alone');
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
    authorities: [{ address: toHex(address), onion_tip: toHex(createOnion(privateKey).tip) }],
    data: {
      source: DEFAULT_DATA_SOURCE,
      root: toHex(described.root),
      tokens: described.tokens,
      held_out_tokens: described.heldOutTokens,
    },
    model,
    learning: {
      ...(config.batch_size === undefined ? {} : { batch_size: config.batch_size }),
      ...(config.learning_rate === undefined ? {} : { learning_rate: config.learning_rate }),
    },
  });
}
