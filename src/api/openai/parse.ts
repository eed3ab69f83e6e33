import type { z } from 'zod';
import { apiError } from '../errors.ts';

/** Reads a request's body. @throws API_INVALID_REQUEST naming the field */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = issue?.path.join('.') || 'body';
  throw invalidField(param, issue?.message ?? 'invalid');
}

export function invalidField(param: string, message: string) {
  return apiError('API_INVALID_REQUEST', `${param}: ${message}`, { data: { param } });
}

/** Refuses options that would change the answer and are not there. */
export function refuseFields(body: unknown, fields: readonly string[]): void {
  const raw = body as Record<string, unknown>;
  const found = fields.find((field) => isSet(raw[field]));
  if (found !== undefined) throw invalidField(found, 'not supported by this node');
}

/** A value that asks for something: clients send false, 0, null, empty texts and lists for "no". */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
