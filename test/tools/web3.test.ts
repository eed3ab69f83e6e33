import { describe, expect, it } from 'vitest';
import { liveNode } from './node.ts';
import { ALICE, ALICE_KEY, balanceSlot, CAROL, SENT, SUPPLY, token } from './token.ts';
import { hasTool, importTool } from './tools.ts';

/** The part of web3.js 4 that the test uses: it is installed only where tools are tested. */
interface Web3 {
  readonly eth: {
    readonly accounts: { readonly wallet: { add(key: string): void } };
    readonly Contract: new (abi: unknown, address?: string) => Contract;
    getProof(address: string, slots: readonly string[]): Promise<{ readonly storageProof: readonly { readonly value: bigint }[] }>;
    getPastLogs(filter: object): Promise<readonly unknown[]>;
    transactionPollingInterval: number;
    subscribe(topic: 'newBlockHeaders'): Promise<Emitter>;
  };
  readonly currentProvider: { request(request: object): Promise<{ readonly result: unknown }>; disconnect(): void };
}
interface Emitter {
  on(event: 'data', listener: (data: unknown) => void): void;
  unsubscribe(): Promise<void>;
}
interface Contract {
  readonly options: { readonly address: string };
  readonly methods: {
    transfer(to: string, value: bigint): Method;
    balanceOf(account: string): Method;
  };
  readonly events: { Transfer(): Emitter };
  deploy(options: object): { send(options: object): Promise<Contract> };
  getPastEvents(event: string, options: object): Promise<readonly { readonly returnValues: { readonly value: bigint } }[]>;
}
interface Method {
  call(options?: object): Promise<unknown>;
  estimateGas(options: object): Promise<bigint>;
  send(
    options: object,
  ): Promise<{ readonly transactionHash: string; readonly status: bigint; readonly gasUsed: bigint; readonly events: object }>;
}

describe.skipIf(!hasTool('web3')).each(['http', 'ws'] as const)('web3.js 4 over %s', (scheme) => {
  const node = liveNode();

  it('deploys a token, sends it, and reads events, logs, an estimate, a trace and a proof', async () => {
    const { Web3: create } = await importTool<{ Web3: new (url: string) => Web3 }>('web3');
    const web3 = new create(node[scheme]);
    web3.eth.transactionPollingInterval = 20;
    web3.eth.accounts.wallet.add(ALICE_KEY);

    const contract = await new web3.eth.Contract(token.abi).deploy({ data: token.bytecode, arguments: [SUPPLY] }).send({ from: ALICE });
    const { address } = contract.options;

    const seen: unknown[] = [];
    let listening: Emitter | undefined;
    if (scheme === 'ws') {
      listening = contract.events.Transfer();
      const heads = await web3.eth.subscribe('newBlockHeaders');
      listening.on('data', () => seen.push('Transfer'));
      heads.on('data', () => seen.push('head'));
    }
    const transfer = contract.methods.transfer(CAROL, SENT);
    const estimate = await transfer.estimateGas({ from: ALICE });
    const receipt = await transfer.send({ from: ALICE });
    expect(receipt).toMatchObject({ status: 1n, events: { Transfer: { returnValues: { value: SENT } } } });
    expect(receipt.gasUsed).toBeLessThanOrEqual(estimate);
    if (scheme === 'ws') await expect.poll(() => seen).toEqual(expect.arrayContaining(['Transfer', 'head']));

    const events = await contract.getPastEvents('Transfer', { fromBlock: 0 });
    expect(events.map(({ returnValues }) => returnValues.value)).toEqual([SUPPLY, SENT]);
    expect(await web3.eth.getPastLogs({ address, fromBlock: 0 })).toHaveLength(2);
    expect(await contract.methods.balanceOf(CAROL).call()).toBe(SENT);
    await expect(contract.methods.transfer(ALICE, SUPPLY).call({ from: CAROL })).rejects.toMatchObject({
      cause: { errorName: 'InsufficientBalance' },
    });

    const request = {
      jsonrpc: '2.0',
      id: 1,
      method: 'debug_traceTransaction',
      params: [receipt.transactionHash, { tracer: 'callTracer' }],
    };
    expect((await web3.currentProvider.request(request)).result).toMatchObject({ type: 'CALL', to: address.toLowerCase() });
    expect((await web3.eth.getProof(address, [balanceSlot(CAROL)])).storageProof).toMatchObject([{ value: SENT }]);
    if (scheme === 'ws') web3.currentProvider.disconnect();
  });
});
