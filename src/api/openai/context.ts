import type { FastifyRequest } from 'fastify';
import type { CompletionService, NodeView } from '../../chain/view.ts';
import type { ChatTemplate } from './chat-template.ts';

/** What the methods of this folder work with. */
export interface OpenAiContext {
  readonly view: NodeView;
  readonly completions: CompletionService;
  readonly template: ChatTemplate;
  /** Told how many tokens a request took, for its key's quota. */
  readonly spent: (request: FastifyRequest, tokens: number) => void;
}
