import { describe, expect, it } from 'vitest';
import { hashApiKey, parseApiKeys } from '../../src/api/openai/keys.ts';
import { startApi } from '../../src/api/testing/node.ts';
import { openCompletions } from '../../src/inference/testing/model.ts';

const KEYS = parseApiKeys([{ name: 'alice', sha256: hashApiKey('sk-alice-0123456789'), requests_per_minute: 2, tokens_per_day: 50 }]);
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe('an API with keys', () => {
  it('answers 401 and 429 as OpenAI does, and leaves the other APIs open', async () => {
    const { completions } = await openCompletions();
    const { url } = await startApi({ completions }, '127.0.0.1', { apiKeys: KEYS });
    const models = (headers: Record<string, string>) => fetch(`${url}/v1/models`, { headers });
    const none = await models({});
    expect(none.status).toBe(401);
    expect(await none.json()).toEqual({
      error: { message: expect.stringContaining("didn't provide an API key"), type: 'invalid_request_error', param: null, code: null },
    });
    const wrong = await models(bearer('sk-wrong-0123456789'));
    expect(await wrong.json()).toMatchObject({
      error: { message: 'Incorrect API key provided: sk-w****6789.', type: 'invalid_request_error', code: 'invalid_api_key' },
    });
    const right = await models(bearer('sk-alice-0123456789'));
    expect([right.status, right.headers.get('x-ratelimit-remaining-requests')]).toEqual([200, '1']);
    await models(bearer('sk-alice-0123456789'));
    const over = await models(bearer('sk-alice-0123456789'));
    expect([over.status, over.headers.get('retry-after')]).toEqual([429, expect.any(String)]);
    expect(await over.json()).toMatchObject({ error: { type: 'requests', code: 'rate_limit_exceeded' } });
    expect((await fetch(`${url}/tokenize`, { method: 'POST' })).status).toBe(401);
    expect((await fetch(`${url}/api/v1/status`)).status).toBe(200);
  });

  it('counts the tokens of answers, streams included', async () => {
    const { completions } = await openCompletions();
    const { url } = await startApi({ completions }, '127.0.0.1', {
      apiKeys: parseApiKeys([{ name: 'a', sha256: hashApiKey('k'), tokens_per_day: 100 }]),
    });
    const ask = async (stream: boolean) => {
      const response = await fetch(`${url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer('k') },
        body: JSON.stringify({ model: 'pol-gpt', prompt: 'Hi', max_tokens: 8, stream }),
      });
      await response.text();
      return response.headers.get('x-ratelimit-remaining-tokens');
    };
    expect([await ask(false), await ask(true), await ask(false)]).toEqual(['100', '90', '80']);
  });
});
