import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyReply } from 'fastify';
import type { NodeView, ServedModel } from '../../chain/view.ts';
import { fromHex, toHex } from '../../primitives/bytes.ts';
import { apiError } from '../errors.ts';

/** GET /api/v1/models/settled: the model that answers now. Its weights can be fetched for as long as it is kept. */
export async function settledModel(view: NodeView) {
  return describe(await view.completions.settledModel());
}

/** GET /api/v1/tokenizer: the files that the genesis names by hash. */
export function tokenizerFiles(view: NodeView) {
  if (view.tokenizerFiles === undefined) throw apiError('API_NOT_FOUND', 'the network’s tokenizer is GPT-2’s: it has no files');
  return view.tokenizerFiles;
}

/** GET /api/v1/models/{root}: a model that has answered not long ago. */
export async function servedModel(view: NodeView, root: string) {
  return describe(await find(view, root));
}

async function describe({ modelRoot, weightsRoot, momentumRoot, round, weightsPath }: ServedModel) {
  return {
    model_root: toHex(modelRoot),
    weights_root: toHex(weightsRoot),
    momentum_root: toHex(momentumRoot),
    round,
    bytes: (await stat(weightsPath)).size,
  };
}

/** GET /api/v1/models/{root}/weights: its weights, little-endian f32. */
export async function servedWeights(view: NodeView, root: string, reply: FastifyReply) {
  const { weightsPath } = await find(view, root);
  reply.header('content-length', (await stat(weightsPath)).size).type('application/octet-stream');
  return reply.send(createReadStream(weightsPath));
}

async function find(view: NodeView, root: string): Promise<ServedModel> {
  const found = await view.completions.servedModel(fromHex(root, 32));
  if (found === undefined) throw apiError('API_NOT_FOUND', `model ${root} is not kept here: it answered too long ago, or never`);
  return found;
}
