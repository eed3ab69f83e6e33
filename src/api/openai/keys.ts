import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { toHex, utf8 } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { sha256 } from '../../primitives/hash.ts';
import { bearerOf } from '../access.ts';
import { apiError } from '../errors.ts';

/** One entry of the file that `api_keys_file` names. The key itself is in no file: only its hash. */
const keySchema = z.strictObject({
  name: z.string().min(1).max(64),
  /** SHA-256 of the key's text. */
  sha256: z.string().regex(/^0x[0-9a-f]{64}$/),
  requests_per_minute: z.number().int().positive().optional(),
  tokens_per_day: z.number().int().positive().optional(),
});
export type ApiKey = z.infer<typeof keySchema>;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** @throws API_KEYS_INVALID naming the entry and the field */
export function parseApiKeys(document: unknown): readonly ApiKey[] {
  const parsed = z.array(keySchema).safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw apiError('API_KEYS_INVALID', `API keys: ${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'invalid'}`);
}

export const hashApiKey = (key: string): string => toHex(sha256(utf8(key)));

/** A request that was let in. */
export interface Admission {
  /** OpenAI's headers about what is left. */
  readonly headers: Readonly<Record<string, string>>;
  spend(tokens: number): void;
}

export interface Keyring {
  /** @throws API_UNAUTHORISED, API_QUOTA with `data.headers` */
  admit(headers: IncomingHttpHeaders): Admission;
}

/** Quotas run in windows of a minute and a day that begin with a key's first request in them. They are counted here, so they begin anew with the node. */
export function createKeyring(keys: readonly ApiKey[], dependencies: { readonly clock: Clock }): Keyring {
  const { clock } = dependencies;
  const byHash = new Map(
    keys.map((key) => [
      key.sha256,
      { requests: createWindow(key.requests_per_minute, MINUTE_MS), tokens: createWindow(key.tokens_per_day, DAY_MS) },
    ]),
  );

  return {
    admit(headers) {
      const given = bearerOf(headers);
      if (given === undefined) {
        throw unauthorised("You didn't provide an API key. It goes into the header Authorization: Bearer YOUR_KEY.", null);
      }
      const found = byHash.get(hashApiKey(given));
      if (found === undefined) throw unauthorised(`Incorrect API key provided: ${masked(given)}.`, 'invalid_api_key');
      const now = clock.now();
      const told = () => ({ ...found.requests.headers('requests', now), ...found.tokens.headers('tokens', now) });
      for (const [what, window] of Object.entries(found)) {
        if (window.left(now) > 0) continue;
        const seconds = Math.ceil(window.resetMs(now) / 1000);
        throw apiError(
          'API_QUOTA',
          `Rate limit reached for ${what}: ${window.limit} a ${what === 'requests' ? 'minute' : 'day'}. Try again in ${seconds}s.`,
          {
            data: { openAiType: what, openAiCode: 'rate_limit_exceeded', headers: { ...told(), 'retry-after': String(seconds) } },
          },
        );
      }
      found.requests.take(1, now);
      return { headers: told(), spend: (tokens) => found.tokens.take(tokens, clock.now()) };
    },
  };
}

function createWindow(limit: number | undefined, lengthMs: number) {
  let from = Number.NEGATIVE_INFINITY;
  let used = 0;
  const roll = (now: number) => {
    if (now - from < lengthMs) return;
    from = now;
    used = 0;
  };
  const window = {
    limit,
    left(now: number): number {
      roll(now);
      return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(0, limit - used);
    },
    resetMs: (now: number): number => Math.max(0, from + lengthMs - now),
    take(count: number, now: number): void {
      roll(now);
      used += count;
    },
    headers(name: string, now: number): Record<string, string> {
      if (limit === undefined) return {};
      return {
        [`x-ratelimit-limit-${name}`]: String(limit),
        [`x-ratelimit-remaining-${name}`]: String(window.left(now)),
        [`x-ratelimit-reset-${name}`]: `${Math.ceil(window.resetMs(now) / 1000)}s`,
      };
    },
  };
  return window;
}

function unauthorised(message: string, openAiCode: string | null) {
  return apiError('API_UNAUTHORISED', message, { data: { openAiCode } });
}

function masked(key: string): string {
  return key.length < 12 ? '****' : `${key.slice(0, 4)}****${key.slice(-4)}`;
}
