import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import { openAiErrorBody } from './errors.ts';

/** One server-sent event. */
export const sseLine = (document: object): string => `data: ${JSON.stringify(document)}\n\n`;

/**
 * Sends documents as server-sent events, then [DONE]. The status line is gone when one fails: the stream itself carries the error, as
 * OpenAI's does.
 */
export function sendEvents(reply: FastifyReply, documents: AsyncIterable<object>): FastifyReply {
  async function* lines() {
    try {
      for await (const document of documents) yield sseLine(document);
      yield 'data: [DONE]\n\n';
    } catch (error) {
      yield sseLine(streamError(error));
    }
  }
  reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-cache');
  return reply.send(Readable.from(lines()));
}

export function streamError(error: unknown) {
  return openAiErrorBody(isPolError(error) ? error.http : 500, isPolError(error) ? error.code : 'API_INTERNAL', messageOf(error));
}
