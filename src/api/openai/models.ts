import type { NodeView } from '../../chain/view.ts';
import { apiError } from '../errors.ts';

/** The one model a network serves: the settled one. */
export const MODEL_ID = 'pol-gpt';

function model(view: NodeView) {
  return { id: MODEL_ID, object: 'model', created: view.identity.genesis.timestamp, owned_by: view.identity.genesis.name };
}

export function listModels(view: NodeView) {
  return { object: 'list', data: [model(view)] };
}

export function retrieveModel(view: NodeView, id: string) {
  requireModel(id);
  return model(view);
}

/** @throws API_NOT_FOUND */
export function requireModel(id: string): void {
  if (id === MODEL_ID) return;
  throw apiError('API_NOT_FOUND', `the model "${id.slice(0, 64)}" does not exist: this node serves "${MODEL_ID}"`, {
    data: { param: 'model', openAiCode: 'model_not_found' },
  });
}
