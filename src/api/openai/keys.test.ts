import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../testing/clock.ts';
import { createKeyring, hashApiKey, parseApiKeys } from './keys.ts';

const KEYS = parseApiKeys([
  { name: 'alice', sha256: hashApiKey('sk-alice-0123456789'), requests_per_minute: 2, tokens_per_day: 50 },
  { name: 'bob', sha256: hashApiKey('sk-bob') },
]);
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe('createKeyring', () => {
  it('counts requests in minutes and tokens in days', () => {
    const clock = createVirtualClock();
    const keyring = createKeyring(KEYS, { clock });
    const alice = () => keyring.admit(bearer('sk-alice-0123456789'));
    expect(alice().headers).toMatchObject({ 'x-ratelimit-limit-requests': '2', 'x-ratelimit-remaining-requests': '1' });
    alice();
    expect(alice).toThrow(
      expect.objectContaining({
        code: 'API_QUOTA',
        http: 429,
        data: expect.objectContaining({ openAiType: 'requests', headers: expect.objectContaining({ 'retry-after': '60' }) }),
      }),
    );
    clock.advance(60_000);
    alice().spend(50);
    clock.advance(60_000);
    expect(alice).toThrow(expect.objectContaining({ data: expect.objectContaining({ openAiType: 'tokens' }) }));
    clock.advance(24 * 3_600_000);
    expect(alice().headers).toMatchObject({ 'x-ratelimit-remaining-tokens': '50' });
    for (let i = 0; i < 100; i++) expect(keyring.admit(bearer('sk-bob')).headers).toEqual({});
  });

  it('names what is wrong with a file', () => {
    expect(() => parseApiKeys([{ name: 'a', sha256: 'x' }])).toThrow(/0.sha256/);
    expect(() => parseApiKeys({})).toThrow(/document/);
  });
});
