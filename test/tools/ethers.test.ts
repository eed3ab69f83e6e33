import { describe, expect, it } from 'vitest';
import { liveNode } from './node.ts';
import { ALICE_KEY, balanceSlot, CAROL, SENT, SUPPLY, token } from './token.ts';
import { hasTool, importTool } from './tools.ts';

/** The part of ethers 6 that the test uses: it is installed only where tools are tested. */
interface Ethers {
  readonly JsonRpcProvider: new (url: string, network: undefined, options: { readonly pollingInterval: number }) => Provider;
  readonly WebSocketProvider: new (url: string) => Provider;
  readonly NonceManager: new (signer: object) => object;
  readonly Wallet: new (key: string, provider: Provider) => object;
  readonly ContractFactory: new (abi: unknown, bytecode: string, signer: object) => { deploy(supply: bigint): Promise<Contract> };
}
interface Provider {
  send(method: string, params: readonly unknown[]): Promise<unknown>;
  getLogs(filter: object): Promise<readonly unknown[]>;
  destroy(): void;
}
interface Transaction {
  readonly hash: string;
  wait(): Promise<{
    readonly status: number;
    readonly gasUsed: bigint;
    readonly logs: readonly { readonly fragment?: { readonly name: string } }[];
  }>;
}
interface Contract {
  waitForDeployment(): Promise<unknown>;
  getAddress(): Promise<string>;
  queryFilter(event: string, from: number): Promise<readonly { readonly args: readonly unknown[] }[]>;
  on(event: string, listener: (...args: readonly unknown[]) => void): Promise<unknown>;
  off(event: string): Promise<unknown>;
  balanceOf(account: string): Promise<bigint>;
  readonly transfer: ((to: string, value: bigint) => Promise<Transaction>) & {
    estimateGas(to: string, value: bigint): Promise<bigint>;
    staticCall(to: string, value: bigint): Promise<boolean>;
  };
}

describe.skipIf(!hasTool('ethers')).each(['http', 'ws'] as const)('ethers 6 over %s', (scheme) => {
  const node = liveNode();

  it('deploys a token, sends it, and reads events, logs, an estimate, a trace and a proof', async () => {
    const ethers = await importTool<Ethers>('ethers');
    const provider =
      scheme === 'http' ? new ethers.JsonRpcProvider(node.http, undefined, { pollingInterval: 20 }) : new ethers.WebSocketProvider(node.ws);
    const wallet = new ethers.NonceManager(new ethers.Wallet(ALICE_KEY, provider));

    const contract = await new ethers.ContractFactory(token.abi, token.bytecode, wallet).deploy(SUPPLY);
    await contract.waitForDeployment();
    const address = await contract.getAddress();

    const seen: unknown[] = [];
    await contract.on('Transfer', (...args) => seen.push(args[2]));
    const estimate = await contract.transfer.estimateGas(CAROL, SENT);
    const sent = await contract.transfer(CAROL, SENT);
    const receipt = await sent.wait();
    expect(receipt).toMatchObject({ status: 1, logs: [{ fragment: { name: 'Transfer' } }] });
    expect(receipt.gasUsed).toBeLessThanOrEqual(estimate);
    await expect.poll(() => seen).toContain(SENT);
    await contract.off('Transfer');

    expect((await contract.queryFilter('Transfer', 0)).map(({ args }) => args[2])).toEqual([SUPPLY, SENT]);
    expect(await provider.getLogs({ address, fromBlock: 0 })).toHaveLength(2);
    expect(await contract.balanceOf(CAROL)).toBe(SENT);
    await expect(contract.transfer.staticCall(CAROL, SUPPLY)).rejects.toMatchObject({
      code: 'CALL_EXCEPTION',
      revert: { name: 'InsufficientBalance' },
    });

    expect(await provider.send('debug_traceTransaction', [sent.hash, { tracer: 'callTracer' }])).toMatchObject({
      type: 'CALL',
      to: address.toLowerCase(),
    });
    expect(await provider.send('eth_getProof', [address, [balanceSlot(CAROL)], 'latest'])).toMatchObject({
      storageProof: [{ value: `0x${SENT.toString(16)}` }],
    });
    provider.destroy();
  });
});
