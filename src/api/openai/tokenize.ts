import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { OpenAiContext } from './context.ts';
import { invalidField, parseBody } from './parse.ts';

/** Not OpenAI's: the fields that llama.cpp's server (`content`) and vLLM (`prompt`) know. */
const tokenizeSchema = z.object({ content: z.string().optional(), prompt: z.string().optional() });
const detokenizeSchema = z.object({ tokens: z.array(z.number().int().min(0)) });

/** POST /tokenize */
export async function tokenize({ completions }: OpenAiContext, request: FastifyRequest) {
  const { content, prompt } = parseBody(tokenizeSchema, request.body);
  const text = content ?? prompt;
  if (text === undefined) throw invalidField('content', 'the text to tokenize is missing');
  const tokens = await completions.encode(text);
  return { tokens, count: tokens.length, max_model_len: completions.contextLength };
}

/** POST /detokenize */
export async function detokenize({ completions }: OpenAiContext, request: FastifyRequest) {
  const { tokens } = parseBody(detokenizeSchema, request.body);
  const wrong = tokens.find((token) => token >= completions.vocabSize);
  if (wrong !== undefined) throw invalidField('tokens', `${wrong} is outside the vocabulary of ${completions.vocabSize}`);
  const text = await completions.decode(tokens);
  return { content: text, prompt: text };
}
