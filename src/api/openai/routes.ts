import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { NodeView } from '../../chain/view.ts';
import { chatCompletions } from './chat-completions.ts';
import { createChatTemplate, DEFAULT_CHAT_TEMPLATE } from './chat-template.ts';
import { completions } from './completions.ts';
import type { OpenAiContext } from './context.ts';
import { embeddings } from './embeddings.ts';
import { listModels, retrieveModel } from './models.ts';
import { responses } from './responses.ts';
import { detokenize, tokenize } from './tokenize.ts';

const PATHS = ['/v1/', '/tokenize', '/detokenize'];

/** Whether errors of this path have OpenAI's shape, and keys are asked for. */
export function isOpenAiPath(url: string): boolean {
  return PATHS.some((path) => url.startsWith(path));
}

/** `/v1/…`: the part of OpenAI's API that is served, and the tokenizer. */
export function registerOpenAi(app: FastifyInstance, view: NodeView, spent: (request: FastifyRequest, tokens: number) => void): void {
  const context: OpenAiContext = { view, completions: view.completions, template: createChatTemplate(DEFAULT_CHAT_TEMPLATE), spent };
  app.get('/v1/models', () => listModels(view));
  app.get<{ Params: { model: string } }>('/v1/models/:model', ({ params }) => retrieveModel(view, params.model));
  app.post('/v1/chat/completions', (request, reply) => chatCompletions(context, request, reply));
  app.post('/v1/completions', (request, reply) => completions(context, request, reply));
  app.post('/v1/responses', (request, reply) => responses(context, request, reply));
  app.post('/v1/embeddings', (request, reply) => embeddings(context, request, reply));
  app.post('/tokenize', (request) => tokenize(context, request));
  app.post('/detokenize', (request) => detokenize(context, request));
}
