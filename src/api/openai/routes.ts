import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../../chain/view.ts';
import { chatCompletions } from './chat-completions.ts';
import { listModels, retrieveModel } from './models.ts';

/** `/v1/…`: the part of OpenAI's API that is served. */
export function registerOpenAi(app: FastifyInstance, view: NodeView): void {
  app.get('/v1/models', () => listModels(view));
  app.get<{ Params: { model: string } }>('/v1/models/:model', ({ params }) => retrieveModel(view, params.model));
  app.post('/v1/chat/completions', (request, reply) => chatCompletions(view, request, reply));
}
