import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyReply } from 'fastify';
import type { NodeView, ServedModel } from '../../chain/view.ts';
import { fromHex, toHex } from '../../primitives/bytes.ts';
import { apiError } from '../errors.ts';

/** GET /api/v1/models/{root}: a model that has answered not long ago. */
export async function servedModel(view: NodeView, root: string) {
  const { modelRoot, weightsRoot, momentumRoot, round, weightsPath } = await find(view, root);
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
