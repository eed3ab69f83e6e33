import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../primitives/bytes.ts';
import { alice, attributesAfter, bob, carol, extend, openChain, signed } from '../testing/fixture.ts';
import { createEngineRpc } from './engine-rpc.ts';
import { createJwt, parseJwtSecret } from './jwt.ts';
import { blockOfPayload, payloadOf } from './payload.ts';

const secret = new Uint8Array(32).fill(7);

describe('the Engine API', () => {
  it('carries a token that says when it was made, under the shared secret', () => {
    const [header = '', claims = '', signature] = createJwt(secret, 1_700_000_000).split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({ iat: 1_700_000_000 });
    expect(signature).toBe(createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url'));
  });

  it('reads secrets as clients write them, and nothing else', () => {
    expect(parseJwtSecret(`${toHex(secret)}\n`)).toEqual(secret);
    expect(parseJwtSecret(toHex(secret).slice(2))).toEqual(secret);
    for (const text of ['', '0x07', `${toHex(secret)}00`, 'x'.repeat(64)]) expect(parseJwtSecret(text)).toBeUndefined();
  });

  it('turns blocks into payloads and back, byte by byte', async () => {
    const chain = await openChain();
    const withdrawals = [{ index: 300n, address: carol.address, gwei: 70_000n }];
    for (const transactions of [[], [signed(alice), signed(bob, { data: Uint8Array.of(1, 0), gasLimit: 30_000n })]]) {
      const attributes = attributesAfter(chain.engine, { withdrawals });
      const { payload } = await extend(chain, transactions, { withdrawals });
      const json = payloadOf(payload.bytes, withdrawals);
      expect(json.blockHash).toBe(toHex(payload.hash));
      expect(json.withdrawals).toEqual([{ index: '0x12c', validatorIndex: '0x0', address: toHex(carol.address), amount: '0x11170' }]);
      expect(blockOfPayload(json, attributes.parentBeaconBlockRoot)).toStrictEqual(payload.bytes);
    }
  });

  it('tells a silent client from one that refuses the token, and from one that answers with an error', async () => {
    const answering = (status: number, body: string) =>
      createEngineRpc({ url: 'http://client', jwtSecret: secret }, { now: () => 0, fetch: async () => new Response(body, { status }) });
    await expect(answering(401, 'no').call('eth_chainId')).rejects.toMatchObject({ code: 'EXECUTION_CLIENT_AUTH' });
    await expect(answering(200, 'hello').call('eth_chainId')).rejects.toMatchObject({ code: 'EXECUTION_CLIENT_FAILED' });
    await expect(answering(200, '{"error":{"code":-32601,"message":"no such"}}').call('x')).rejects.toThrow('-32601: no such');
    expect(await answering(200, '{"result":"0x1"}').call('eth_chainId')).toBe('0x1');
    const silent = createEngineRpc(
      { url: 'http://client', jwtSecret: secret },
      { now: () => 0, fetch: () => Promise.reject(new Error('ECONNREFUSED')) },
    );
    await expect(silent.call('eth_chainId')).rejects.toMatchObject({ code: 'EXECUTION_CLIENT_UNREACHABLE' });
  });
});
