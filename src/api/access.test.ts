import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { carol } from '../execution/testing/fixture.ts';
import { toHex } from '../primitives/bytes.ts';
import { isFromThisMachine, isLoopbackHost, namesLoopback } from './access.ts';
import { startApi } from './testing/node.ts';

const SPEND = { to: toHex(carol.address), value: '0x1' };

/** fetch() sets the Host header itself. */
function statusWithHost(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/api/v1/status`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('web pages', () => {
  it('cannot spend the node’s coins, whoever serves them', async () => {
    const { call, transactions } = await startApi();
    for (const headers of [
      { origin: 'https://example.com' },
      { origin: 'null' },
      { origin: 'http://localhost.example.com' },
      { origin: 'http://127.0.0.1.example.com' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const { error } = await call('eth_sendTransaction', [SPEND], headers as Record<string, string>);
      expect(error, JSON.stringify(headers)).toMatchObject({ code: -32000, message: expect.stringContaining('web pages') });
      expect((await call('eth_accounts', [], headers as Record<string, string>)).result).toEqual([]);
      expect((await call('eth_blockNumber', [], headers as Record<string, string>)).result).toBe('0x0');
    }
    expect(transactions.size).toBe(0);
  });

  it('may spend when this machine serves them, as programs may', async () => {
    const { call, transactions } = await startApi();
    await call('eth_sendTransaction', [SPEND]);
    await call('eth_sendTransaction', [SPEND], { origin: 'http://localhost:3000' });
    await call('eth_sendTransaction', [SPEND], { origin: 'http://127.0.0.1:8080' });
    expect(transactions.size).toBe(3);
  });

  it('may read from anywhere', async () => {
    const { url, post } = await startApi();
    const read = await post('{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}', { origin: 'https://example.com' });
    expect(read.headers.get('access-control-allow-origin')).toBe('https://example.com');
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.com', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    expect(preflight.status).toBe(204);
  });

  it('do not reach a loopback API under a name of their own', async () => {
    const { url } = await startApi();
    const { port } = new URL(url);
    expect(await statusWithHost(url, `localhost:${port}`)).toBe(200);
    expect(await statusWithHost(url, '127.0.0.1')).toBe(200);
    expect(await statusWithHost(url, `rebound.example.com:${port}`)).toBe(403);
    expect(await statusWithHost(url, `localhost.example.com:${port}`)).toBe(403);
  });

  it('nor anybody else spends where the API listens beyond loopback', async () => {
    const { call, url, transactions } = await startApi({}, '0.0.0.0');
    expect((await call('eth_sendTransaction', [SPEND])).error).toMatchObject({ message: expect.stringContaining('loopback') });
    expect(transactions.size).toBe(0);
    expect(await statusWithHost(url, 'node.example.com')).toBe(200);
  });
});

describe('the spending token', () => {
  const TOKEN = 'a'.repeat(64);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  it('lets its bearer spend wherever the API listens, and nobody else', async () => {
    const { call, transactions } = await startApi({}, '0.0.0.0', { spendingToken: TOKEN });
    for (const headers of [{}, bearer('b'.repeat(64)), bearer(`${TOKEN}a`), { authorization: TOKEN }]) {
      expect((await call('eth_sendTransaction', [SPEND], headers)).error).toMatchObject({ message: expect.stringContaining('token') });
    }
    expect(transactions.size).toBe(0);
    expect((await call('eth_sendTransaction', [SPEND], bearer(TOKEN))).error).toBeUndefined();
    expect((await call('eth_accounts', [], bearer(TOKEN))).result).toHaveLength(1);
    expect(transactions.size).toBe(1);
  });

  it('is not asked of programs of this machine', async () => {
    const { call, transactions } = await startApi({}, '127.0.0.1', { spendingToken: TOKEN });
    await call('eth_sendTransaction', [SPEND]);
    expect((await call('eth_sendTransaction', [SPEND], { origin: 'https://example.com' })).error).toBeDefined();
    expect(transactions.size).toBe(1);
  });
});

describe('what counts as this machine', () => {
  it('is loopback by any of its names', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1', 'LOCALHOST']) expect(isLoopbackHost(host), host).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.com', '127.0.0.1.example.com', ''])
      expect(isLoopbackHost(host), host).toBe(false);
    expect(namesLoopback({ host: '[::1]:8080' })).toBe(true);
    expect(namesLoopback({ host: 'user@example.com:80' })).toBe(false);
    expect(namesLoopback({})).toBe(false);
    expect(isFromThisMachine({ 'sec-fetch-site': 'none' })).toBe(true);
  });
});
