import { apiError } from '../errors.ts';

/** A path parameter that counts something. @throws API_INVALID_REQUEST */
export function parseNumber(text: string, name: string): number {
  if (!/^\d{1,15}$/.test(text)) throw apiError('API_INVALID_REQUEST', `${name}: "${text.slice(0, 40)}" is not a number`);
  return Number(text);
}
