import { createPublicClient, createWalletClient, defineChain, http, parseEther } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { GENESIS } from '../../chain/testing/network.ts';
import { counter, endless, initCode, revertData, reverter } from '../../execution/testing/contracts.ts';
import { alice, bob, CHAIN_ID, carol, keyOf, RICH_BALANCE, signed } from '../../execution/testing/fixture.ts';
import { toHex } from '../../primitives/bytes.ts';
import { keccak256 } from '../../primitives/hash.ts';
import { startApi } from '../testing/node.ts';

const [ALICE, BOB, CAROL] = [alice, bob, carol].map(({ address }) => toHex(address)) as [`0x${string}`, `0x${string}`, `0x${string}`];
const UNKNOWN_HASH = `0x${'ab'.repeat(32)}`;

describe('JSON-RPC framing', () => {
  it('answers requests, batches, notifications and rubbish as the specification says', async () => {
    const { post } = await startApi();
    const json = async (body: string) => (await post(body)).json();
    const chainId = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'eth_chainId' });
    expect(await json(JSON.stringify(chainId('a')))).toEqual({ jsonrpc: '2.0', id: 'a', result: toHexNumber(CHAIN_ID) });
    expect(await json('{')).toMatchObject({ id: null, error: { code: -32700 } });
    expect(await json('')).toMatchObject({ id: null, error: { code: -32700 } });
    expect(await json('[]')).toMatchObject({ id: null, error: { code: -32600 } });
    expect(await json('1')).toMatchObject({ id: null, error: { code: -32600 } });
    expect(await json('{"jsonrpc":"1.0","id":3,"method":"eth_chainId"}')).toMatchObject({ id: 3, error: { code: -32600 } });
    expect(await json('{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}')).toMatchObject({ id: null, error: { code: -32600 } });
    expect(await json('{"jsonrpc":"2.0","id":3,"method":"no_such"}')).toMatchObject({ id: 3, error: { code: -32601 } });
    expect(await json('{"jsonrpc":"2.0","id":3,"method":"eth_chainId","params":{}}')).toMatchObject({ id: 3, error: { code: -32602 } });
    expect(await json('{"jsonrpc":"2.0","id":3,"method":"eth_chainId","params":null}')).toMatchObject({ id: 3, result: '0x7a69' });
    expect(await json(JSON.stringify([chainId(1), { jsonrpc: '2.0', method: 'eth_chainId' }, 1, chainId(2)]))).toEqual([
      { jsonrpc: '2.0', id: 1, result: '0x7a69' },
      expect.objectContaining({ id: null, error: expect.objectContaining({ code: -32600 }) }),
      { jsonrpc: '2.0', id: 2, result: '0x7a69' },
    ]);
    const silent = await post('[{"jsonrpc":"2.0","method":"eth_chainId"}]');
    expect([silent.status, await silent.text()]).toEqual([204, '']);
    expect(await json(JSON.stringify(Array(1001).fill(chainId(1))))).toMatchObject({ error: { code: -32600 } });
  });
});

const toHexNumber = (value: number | bigint) => `0x${value.toString(16)}`;

describe('state and blocks', () => {
  it('works as in the README: balance without a block tag, sending without from', async () => {
    const { result, block } = await startApi();
    expect(await result('eth_getBalance', ALICE)).toBe(toHexNumber(RICH_BALANCE));
    const hash = await result('eth_sendTransaction', { to: CAROL, value: '0x9184e72a000' });
    expect(await result('eth_getTransactionByHash', hash)).toMatchObject({
      blockHash: null,
      blockNumber: null,
      transactionIndex: null,
      from: ALICE,
    });
    expect(await result('eth_getTransactionReceipt', hash)).toBeNull();
    expect(await result('eth_getTransactionCount', ALICE, 'pending')).toBe('0x1');
    expect(await result('eth_getTransactionCount', ALICE, 'latest')).toBe('0x0');
    await block();
    expect(await result('eth_getBalance', CAROL, 'latest')).toBe('0x9184e72a000');
    expect(await result('eth_getBalance', CAROL, '0x0')).toBe('0x0');
    expect(await result('eth_getTransactionReceipt', hash)).toMatchObject({
      status: '0x1',
      blockNumber: '0x1',
      gasUsed: '0x5208',
      type: '0x2',
      logs: [],
    });
    expect(await result('eth_getTransactionByBlockNumberAndIndex', 'latest', '0x0')).toMatchObject({ hash, yParity: expect.any(String) });
    expect(await result('eth_getBlockReceipts', '0x1')).toHaveLength(1);
  });

  it('gives null for blocks and transactions that are not there, and an error for their state, as geth does', async () => {
    const { result, error } = await startApi();
    for (const [method, ...params] of [
      ['eth_getBlockByNumber', '0x64', false],
      ['eth_getBlockByHash', UNKNOWN_HASH, true],
      ['eth_getBlockReceipts', '0x64'],
      ['eth_getBlockTransactionCountByNumber', '0x64'],
      ['eth_getTransactionByHash', UNKNOWN_HASH],
      ['eth_getTransactionReceipt', UNKNOWN_HASH],
      ['eth_getTransactionByBlockNumberAndIndex', '0x0', '0x0'],
      ['pol_getBlock', '0x64'],
      ['pol_getRound', '0x64'],
    ] as const) {
      expect(await result(method, ...params), method).toBeNull();
    }
    for (const method of ['eth_getBalance', 'eth_getCode', 'eth_getTransactionCount']) {
      expect(await error(method, ALICE, '0x64'), method).toMatchObject({
        code: -32000,
        message: expect.stringMatching(/^header not found/),
      });
      expect(await error(method, ALICE, UNKNOWN_HASH), method).toMatchObject({ code: -32000 });
    }
    expect(await error('eth_call', { to: CAROL }, '0x64')).toMatchObject({ code: -32000 });
    expect(await error('eth_feeHistory', '0x1', '0x64', [])).toMatchObject({ code: -32000 });
  });

  it('names the parameter that is wrong', async () => {
    const { error } = await startApi();
    for (const [method, params, name] of [
      ['eth_getBalance', ['0x1234'], 'address'],
      ['eth_getBalance', [], 'address'],
      ['eth_getBalance', [ALICE, 'soon'], 'block'],
      ['eth_getBalance', [ALICE, {}], 'block'],
      ['eth_getBalance', [ALICE, { blockNumber: '0x0', blockHash: UNKNOWN_HASH }], 'block'],
      ['eth_getBlockByNumber', ['0x0', 'yes'], 'full'],
      ['eth_getTransactionByHash', ['0x12'], 'hash'],
      ['eth_call', ['0x'], 'transaction'],
      ['eth_call', [{ to: ALICE, data: '0x1' }], 'transaction.data'],
      ['eth_call', [{ to: ALICE, data: '0x01', input: '0x02' }], 'data'],
      ['eth_call', [{ to: ALICE, gasPrice: '0x1', maxFeePerGas: '0x1' }], 'gasPrice'],
      ['eth_feeHistory', ['0x1', 'latest', [50, 10]], 'rewardPercentiles'],
      ['eth_feeHistory', ['0x1', 'latest', Array(101).fill(1)], 'rewardPercentiles'],
    ] as const) {
      expect(await error(method, ...params), `${method} ${name}`).toMatchObject({ code: -32602, message: expect.stringContaining(name) });
    }
  });

  it('reads a block by tag, number, hash and EIP-1898 object', async () => {
    const { result, block } = await startApi();
    await block();
    const latest = (await result('eth_getBlockByNumber', 'latest', false)) as { hash: string };
    expect(latest).toMatchObject({ number: '0x1', withdrawals: [], transactions: [], uncles: [], difficulty: '0x0' });
    for (const tag of ['safe', 'finalized', 'pending']) expect(await result('eth_getBlockByNumber', tag, false)).toEqual(latest);
    for (const at of [{ blockHash: latest.hash }, { blockNumber: '0x1' }, latest.hash]) {
      expect(await result('eth_getBalance', ALICE, at)).toBe(toHexNumber(RICH_BALANCE));
    }
    expect(await result('eth_getBlockByNumber', 'earliest', true)).toMatchObject({ number: '0x0' });
    expect(await result('pol_getBlock', '0x1')).toMatchObject({ height: 1, certificate: { signers: expect.any(Array) } });
  });
});

describe('fees', () => {
  it('tells what the next block asks', async () => {
    const { result, block, execution } = await startApi();
    await block();
    const next = execution.head.nextBaseFeePerGas;
    expect(next).not.toBe(execution.head.baseFeePerGas);
    const tip = BigInt((await result('eth_maxPriorityFeePerGas')) as string);
    expect(BigInt((await result('eth_gasPrice')) as string)).toBe(next + tip);
    const history = (await result('eth_feeHistory', '0x400', 'latest', [0, 50])) as Record<string, unknown[]>;
    expect(history).toMatchObject({
      oldestBlock: '0x0',
      gasUsedRatio: [0, 0],
      reward: [
        ['0x0', '0x0'],
        ['0x0', '0x0'],
      ],
    });
    expect(history.baseFeePerGas?.at(-1)).toBe(toHexNumber(next));
    expect(history.baseFeePerGas).toHaveLength(3);
    expect(await result('eth_feeHistory', '0x0', 'latest', [])).toMatchObject({ oldestBlock: '0x0', gasUsedRatio: [] });
  });
});

describe('transactions that are refused', () => {
  it('gives wallets the codes and words they know', async () => {
    const { result, error, block } = await startApi();
    await result('eth_sendRawTransaction', toHex(signed(alice)));
    const send = (...arguments_: Parameters<typeof signed>) => error('eth_sendRawTransaction', toHex(signed(...arguments_)));
    expect(await send(alice)).toMatchObject({ code: -32000, message: 'already known' });
    expect(await send(alice, { value: 2n })).toMatchObject({ code: -32000, message: 'replacement transaction underpriced' });
    await block();
    expect(await send(alice)).toMatchObject({ code: -32000, message: expect.stringMatching(/^nonce too low/) });
    expect(await send(alice, { nonce: 900n })).toMatchObject({ code: -32000, message: expect.stringMatching(/^nonce too high/) });
    expect(await send(carol)).toMatchObject({
      code: -32000,
      message: expect.stringMatching(/^insufficient funds for gas \* price \+ value/),
    });
    expect(await send(bob, { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n })).toMatchObject({
      message: expect.stringMatching(/^max fee per gas less than block base fee/),
    });
    expect(await send(bob, { chainId: 5 })).toMatchObject({ message: expect.stringMatching(/^invalid chain id/) });
    expect(await error('eth_sendRawTransaction', '0x02c0')).toMatchObject({ code: -32000 });
  });

  it('does not sign for others, for other chains, or coins into nothing', async () => {
    const { error } = await startApi();
    expect(await error('eth_sendTransaction', { from: BOB, to: CAROL })).toMatchObject({ message: expect.stringContaining('from') });
    expect(await error('eth_sendTransaction', { to: CAROL, chainId: '0x1' })).toMatchObject({
      message: expect.stringContaining('chainId'),
    });
    expect(await error('eth_sendTransaction', { value: '0x1' })).toMatchObject({ code: -32602, message: expect.stringContaining('to') });
  });
});

describe('contracts', () => {
  it('deploys, calls, estimates, and reports reverts as geth does', async () => {
    const { result, error, block } = await startApi();
    const deploy = async (code: Uint8Array) => {
      const hash = await result('eth_sendTransaction', { data: toHex(initCode(code)) });
      await block();
      return ((await result('eth_getTransactionReceipt', hash)) as { contractAddress: string }).contractAddress;
    };
    const [counting, reverting, looping] = [await deploy(counter), await deploy(reverter), await deploy(endless)];
    expect(await result('eth_getCode', counting)).toBe(toHex(counter));
    expect(await result('eth_call', { to: counting })).toBe(`0x${'1'.padStart(64, '0')}`);
    expect(Number(await result('eth_estimateGas', { from: ALICE, to: counting }))).toBeGreaterThan(21_000);
    // Its slot named before, as eth_createAccessList advises: what the transaction says, and pays for.
    const { accessList } = (await result('eth_createAccessList', { from: ALICE, to: counting })) as { accessList: object[] };
    expect(accessList).toEqual([{ address: counting, storageKeys: [`0x${'0'.repeat(64)}`] }]);
    const hash = await result('eth_sendTransaction', { to: counting, accessList });
    await block();
    expect(await result('eth_getTransactionByHash', hash)).toMatchObject({ type: '0x2', accessList });
    expect(await result('eth_getStorageAt', counting, '0x0', 'latest')).toBe(`0x${'1'.padStart(64, '0')}`);
    for (const method of ['eth_call', 'eth_estimateGas']) {
      expect(await error(method, { to: reverting })).toEqual({ code: 3, message: 'execution reverted: no', data: toHex(revertData) });
    }
    expect(await error('eth_call', { to: looping, gas: '0x186a0' })).toMatchObject({
      code: -32000,
      message: expect.stringContaining('out of gas'),
    });
  });
});

describe('the node itself', () => {
  it('answers what wallets ask first', async () => {
    const { result } = await startApi();
    expect(await result('net_version')).toBe(String(CHAIN_ID));
    expect(await result('eth_accounts')).toEqual([ALICE]);
    expect(await result('eth_coinbase')).toBe(ALICE);
    expect(await result('eth_syncing')).toBe(false);
    expect(await result('eth_blockNumber')).toBe('0x0');
    expect(await result('net_listening')).toBe(true);
    expect(await result('net_peerCount')).toBe('0x0');
    expect(await result('web3_sha3', '0x68656c6c6f')).toBe(toHex(keccak256(new TextEncoder().encode('hello'))));
    expect(await result('web3_clientVersion')).toMatch(/^pol-node\//);
  });

  it('serves viem: a transfer from key to receipt, and its typed errors', async () => {
    const { url, block, chain } = await startApi();
    const network = defineChain({
      id: GENESIS.chain_id,
      name: GENESIS.name,
      nativeCurrency: { name: 'POL', symbol: 'POL', decimals: 18 },
      rpcUrls: { default: { http: [url] } },
    });
    const reader = createPublicClient({ chain: network, transport: http(url, { retryCount: 0 }), pollingInterval: 10 });
    const wallet = createWalletClient({
      account: privateKeyToAccount(toHex(keyOf(2))),
      chain: network,
      transport: http(url, { retryCount: 0 }),
    });
    const hash = await wallet.sendTransaction({ to: CAROL, value: parseEther('1.5') });
    await block();
    expect(await reader.getTransactionReceipt({ hash })).toMatchObject({ status: 'success', blockNumber: BigInt(chain.height) });
    expect(await reader.getBalance({ address: CAROL })).toBe(parseEther('1.5'));
    await expect(wallet.sendTransaction({ to: CAROL, value: parseEther('5000'), gas: 21_000n })).rejects.toThrow(/exceeds the balance/);
    await expect(reader.getBlock({ blockNumber: 99n })).rejects.toThrow(/could not be found/);
  });
});
