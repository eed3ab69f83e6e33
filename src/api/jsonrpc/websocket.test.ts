import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { counter, initCode } from '../../execution/testing/contracts.ts';
import { alice, carol, signed } from '../../execution/testing/fixture.ts';
import { toHex } from '../../primitives/bytes.ts';
import { keccak256 } from '../../primitives/hash.ts';
import { MAX_WS_SUBSCRIPTIONS } from '../limits.ts';
import { startApi } from '../testing/node.ts';

interface Message {
  readonly id?: number | null;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
  readonly params?: { readonly subscription: string; readonly result: unknown };
}

async function connect(url: string) {
  const socket = new WebSocket(url.replace('http', 'ws'));
  onTestFinished(() => socket.terminate());
  const messages: Message[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)));
    wake();
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  async function next(wanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const at = messages.findIndex(wanted);
      const [found] = at < 0 ? [] : messages.splice(at, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  let id = 0;
  return {
    socket,
    messages,
    async call(method: string, ...params: readonly unknown[]) {
      const own = ++id;
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: own, method, params }));
      return next((message) => message.id === own);
    },
    told: async (subscription: unknown) => (await next(({ params }) => params?.subscription === subscription)).params?.result,
    next,
  };
}

describe('WebSocket', () => {
  it('answers as HTTP does, in order, and rubbish too', async () => {
    const { url } = await startApi();
    const { call, socket, next } = await connect(url);
    expect((await call('eth_blockNumber')).result).toBe('0x0');
    socket.send('{');
    expect((await next(({ id }) => id === null)).error?.code).toBe(-32700);
    expect((await call('eth_subscribe', 'nothing')).error?.code).toBe(-32602);
    expect((await call('eth_unsubscribe', '0x1')).error?.code).toBe(-32000);
  });

  it('tells of blocks, logs, pooled transactions, rounds and proofs', async () => {
    const api = await startApi();
    const { call, told } = await connect(api.url);
    const heads = (await call('eth_subscribe', 'newHeads')).result;
    const logs = (await call('eth_subscribe', 'logs', { topics: [`0x${'2a'.padStart(64, '0')}`] })).result;
    const others = (await call('eth_subscribe', 'logs', { address: toHex(carol.address) })).result;
    const pending = (await call('eth_subscribe', 'newPendingTransactions')).result;
    for (const topic of ['rounds', 'proofs', 'syncing']) expect((await call('eth_subscribe', topic)).error).toBeUndefined();

    const raw = signed(alice, { to: undefined, value: 0n, data: initCode(counter), gasLimit: 1_000_000n });
    expect((await call('eth_sendRawTransaction', toHex(raw))).result).toBe(toHex(keccak256(raw)));
    expect(await told(pending)).toBe(toHex(keccak256(raw)));
    await api.block();
    const block = (await api.result('eth_getBlockByNumber', '0x1', false)) as { hash: string };
    expect(await told(heads)).toMatchObject({ number: '0x1', hash: block.hash });

    const { contractAddress } = (await api.result('eth_getTransactionReceipt', toHex(keccak256(raw)))) as { contractAddress: string };
    await api.result('eth_sendTransaction', { to: contractAddress, nonce: '0x1' });
    await api.block();
    expect(await told(logs)).toMatchObject({ address: contractAddress, blockNumber: '0x2', logIndex: '0x0', removed: false });
    expect((await call('eth_unsubscribe', logs)).result).toBe(true);
    expect((await call('eth_unsubscribe', others)).result).toBe(true);
  });

  it('has limits, and refuses pages of elsewhere the node’s coins', async () => {
    const { url } = await startApi();
    const { call } = await connect(url);
    for (let i = 0; i < MAX_WS_SUBSCRIPTIONS; i++) await call('eth_subscribe', 'newHeads');
    expect((await call('eth_subscribe', 'newHeads')).error?.code).toBe(-32005);
    const page = new WebSocket(url.replace('http', 'ws'), { origin: 'https://example.com' });
    onTestFinished(() => page.terminate());
    const answer = new Promise<string>((resolve) => page.once('message', (data) => resolve(String(data))));
    page.once('open', () => page.send('{"jsonrpc":"2.0","id":1,"method":"eth_accounts"}'));
    expect(JSON.parse(await answer)).toMatchObject({ result: [] });
    const rebound = new WebSocket(url.replace('http', 'ws'), { headers: { host: 'rebound.example.com' } });
    await expect(new Promise((_, reject) => rebound.once('error', reject))).rejects.toThrow(/403/);
  });
});

describe('pol_subscribe', () => {
  it('tells under its own name, and is ended by its own method', async () => {
    const api = await startApi();
    const { call, next } = await connect(api.url);
    const heads = (await call('pol_subscribe', 'newHeads')).result;
    expect((await call('pol_subscribe', 'proofs')).error).toBeUndefined();
    await api.block();
    expect(await next(({ params }) => params?.subscription === heads)).toMatchObject({
      method: 'pol_subscription',
      params: { result: { number: '0x1' } },
    });
    expect((await call('pol_unsubscribe', heads)).result).toBe(true);
    expect((await call('pol_unsubscribe', heads)).error?.code).toBe(-32000);
    expect(await api.error('pol_subscribe', 'rounds')).toMatchObject({ code: -32001 });
  });
});

describe('filters', () => {
  it('tell what is new since they were asked', async () => {
    const api = await startApi();
    const { result, error, block } = api;
    const [blocks, pending] = [await result('eth_newBlockFilter'), await result('eth_newPendingTransactionFilter')];
    const raw = signed(alice, { to: undefined, value: 0n, data: initCode(counter), gasLimit: 1_000_000n });
    const hash = await result('eth_sendRawTransaction', toHex(raw));
    await block();
    expect(await result('eth_getFilterChanges', pending)).toEqual([hash]);
    expect(await result('eth_getFilterChanges', pending)).toEqual([]);
    const first = (await result('eth_getBlockByNumber', '0x1', false)) as { hash: string };
    expect(await result('eth_getFilterChanges', blocks)).toEqual([first.hash]);

    const { contractAddress } = (await result('eth_getTransactionReceipt', hash)) as { contractAddress: string };
    const logs = await result('eth_newFilter', { address: contractAddress, fromBlock: 'earliest' });
    await result('eth_sendTransaction', { to: contractAddress });
    await block();
    const [log] = (await result('eth_getFilterChanges', logs)) as { transactionHash: string }[];
    expect(log).toMatchObject({ address: contractAddress, blockNumber: '0x2' });
    expect(await result('eth_getFilterChanges', logs)).toEqual([]);
    expect(await result('eth_getFilterLogs', logs)).toEqual([log]);
    expect(await result('eth_getLogs', { fromBlock: '0x0', address: contractAddress })).toEqual([log]);
    expect(await result('eth_uninstallFilter', logs)).toBe(true);
    expect(await error('eth_getFilterChanges', logs)).toMatchObject({ code: -32000 });
    expect(await error('eth_getLogs', { fromBlock: '0x2', toBlock: '0x9' })).toMatchObject({ code: -32602 });
    expect(await error('eth_subscribe', 'newHeads')).toMatchObject({ code: -32001 });
  });
});
