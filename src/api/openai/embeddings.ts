import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MAX_EMBEDDING_INPUTS } from '../limits.ts';
import { fingerprint, signalOf } from './answers.ts';
import type { OpenAiContext } from './context.ts';
import { MODEL_ID, requireModel } from './models.ts';
import { invalidField, parseBody } from './parse.ts';

const token = z.number().int().min(0);
const requestSchema = z.object({
  model: z.string(),
  input: z.union([
    z.string().min(1),
    z.array(z.string().min(1)).min(1).max(MAX_EMBEDDING_INPUTS),
    z.array(token).min(1),
    z.array(z.array(token).min(1)).min(1).max(MAX_EMBEDDING_INPUTS),
  ]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.number().int().min(1).nullish(),
});

/** POST /v1/embeddings: for each text the mean of the final norm's outputs over its tokens, scaled to length 1. */
export async function embeddings(context: OpenAiContext, request: FastifyRequest, reply: FastifyReply) {
  const { completions, view } = context;
  const fields = parseBody(requestSchema, request.body);
  requireModel(fields.model);
  const { dim } = view.identity.genesis.model;
  if (fields.dimensions != null && fields.dimensions !== dim) throw invalidField('dimensions', `must be ${dim}, the model's width`);
  const { input } = fields;
  const texts = typeof input === 'string' || typeof input[0] === 'number' ? [input] : input;
  const prompts = await Promise.all(
    (texts as readonly (string | readonly number[])[]).map(async (text) => (typeof text === 'string' ? completions.encode(text) : text)),
  );
  const signal = signalOf(reply);
  const results = await Promise.all(prompts.map((prompt) => completions.embed(prompt, signal)));
  const tokens = prompts.reduce((sum, prompt) => sum + prompt.length, 0);
  context.spent(request, tokens);
  return {
    object: 'list',
    model: MODEL_ID,
    data: results.map(({ vector }, index) => ({
      object: 'embedding',
      index,
      embedding: fields.encoding_format === 'base64' ? base64Of(vector) : vector,
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    ...(results[0] === undefined ? {} : { system_fingerprint: fingerprint(results[0]) }),
  };
}

/** Little-endian f32, as OpenAI's clients read it. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, i) => void bytes.writeFloatLE(value, i * 4));
  return bytes.toString('base64');
}
