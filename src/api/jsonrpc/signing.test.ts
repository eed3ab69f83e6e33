import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { alice, bob, keyOf } from '../../execution/testing/fixture.ts';
import { toHex } from '../../primitives/bytes.ts';
import { startApi } from '../testing/node.ts';

const ALICE = toHex(alice.address);
const oracle = privateKeyToAccount(toHex(keyOf(1)));

const MAIL = {
  domain: { name: 'Ether Mail', version: '1', chainId: 1, verifyingContract: '0xcccccccccccccccccccccccccccccccccccccccc' },
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ],
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallets', type: 'address[]' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person[2]' },
      { name: 'contents', type: 'bytes' },
      { name: 'tag', type: 'bytes4' },
      { name: 'offset', type: 'int64' },
      { name: 'urgent', type: 'bool' },
    ],
  },
  primaryType: 'Mail',
  message: {
    from: { name: 'Cow', wallets: [ALICE, toHex(bob.address)] },
    to: [
      { name: 'Bob', wallets: [] },
      { name: 'Eve', wallets: [ALICE] },
    ],
    contents: '0x1234',
    tag: '0xdeadbeef',
    offset: -7,
    urgent: true,
  },
} as const;

describe('signing with the node’s account', () => {
  it('makes the signatures that viem makes', async () => {
    const { result } = await startApi();
    const message = { raw: '0x68656c6c6f' } as const;
    const wanted = await oracle.signMessage({ message });
    expect(await result('eth_sign', ALICE, message.raw)).toBe(wanted);
    expect(await result('personal_sign', message.raw, ALICE)).toBe(wanted);
    const typed = await oracle.signTypedData(MAIL as unknown as Parameters<typeof oracle.signTypedData>[0]);
    expect(await result('eth_signTypedData_v4', ALICE, MAIL)).toBe(typed);
    expect(await result('eth_signTypedData_v4', ALICE, JSON.stringify(MAIL))).toBe(typed);
  });

  it('refuses pages, other accounts, and data that does not fit its types', async () => {
    const { call, error } = await startApi();
    const page = { origin: 'https://example.com' };
    for (const [method, params] of [
      ['eth_sign', [ALICE, '0x00']],
      ['personal_sign', ['0x00', ALICE]],
      ['eth_signTypedData_v4', [ALICE, MAIL]],
    ] as const) {
      expect((await call(method, params, page)).error, method).toMatchObject({
        code: -32000,
        message: expect.stringContaining('web pages'),
      });
    }
    expect(await error('eth_sign', toHex(bob.address), '0x00')).toMatchObject({ code: -32602 });
    for (const message of [
      { ...MAIL.message, offset: '0x8000000000000000' },
      { ...MAIL.message, to: [] },
      { ...MAIL.message, tag: '0x00' },
    ]) {
      expect(await error('eth_signTypedData_v4', ALICE, { ...MAIL, message })).toMatchObject({ code: -32602 });
    }
    expect(await error('eth_signTypedData_v4', ALICE, '{')).toMatchObject({ code: -32602 });
  });
});
