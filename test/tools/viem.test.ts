import {
  BaseError,
  ContractFunctionRevertedError,
  createTestClient,
  createWalletClient,
  defineChain,
  http,
  isAddressEqual,
  parseEventLogs,
  publicActions,
  webSocket,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { CHAIN_ID } from '../../src/execution/testing/fixture.ts';
import { liveNode } from './node.ts';
import { ALICE, ALICE_KEY, balanceSlot, CAROL, SENT, SUPPLY, token } from './token.ts';

describe.each(['http', 'ws'] as const)('viem over %s', (scheme) => {
  const node = liveNode();

  it('deploys a token, sends it, and reads events, logs, an estimate, a trace and a proof', async () => {
    const transport = scheme === 'http' ? http(node.http) : webSocket(node.ws);
    const chain = defineChain({
      id: CHAIN_ID,
      name: 'test',
      nativeCurrency: { name: 'POL', symbol: 'POL', decimals: 18 },
      rpcUrls: { default: { http: [node.http], webSocket: [node.ws] } },
    });
    const client = createWalletClient({ account: privateKeyToAccount(ALICE_KEY), chain, transport, pollingInterval: 20 }).extend(
      publicActions,
    );

    const deployed = await client.waitForTransactionReceipt({ hash: await client.deployContract({ ...token, args: [SUPPLY] }) });
    const { contractAddress: address } = deployed;
    if (!address) throw new Error('nothing was deployed');
    const contract = { abi: token.abi, address };

    const seen: unknown[] = [];
    const unwatch = client.watchContractEvent({ ...contract, eventName: 'Transfer', onLogs: (logs) => seen.push(...logs) });
    const estimate = await client.estimateContractGas({ ...contract, functionName: 'transfer', args: [CAROL, SENT] });
    const { request } = await client.simulateContract({ ...contract, functionName: 'transfer', args: [CAROL, SENT] });
    const hash = await client.writeContract(request);
    const receipt = await client.waitForTransactionReceipt({ hash });
    expect(receipt.status).toBe('success');
    expect(receipt.gasUsed).toBeLessThanOrEqual(estimate);

    const wanted = { from: expect.toSatisfy((from) => isAddressEqual(from, ALICE)), value: SENT };
    expect(parseEventLogs({ abi: token.abi, logs: receipt.logs })).toMatchObject([{ eventName: 'Transfer', args: wanted }]);
    expect(await client.getContractEvents({ ...contract, eventName: 'Transfer', fromBlock: 0n })).toHaveLength(2);
    await expect.poll(() => seen.length).toBe(1);
    unwatch();

    expect(await client.readContract({ ...contract, functionName: 'balanceOf', args: [CAROL] })).toBe(SENT);
    await expect(
      client.simulateContract({ ...contract, functionName: 'transfer', args: [ALICE, SUPPLY], account: CAROL }),
    ).rejects.toSatisfy((error) => {
      const revert = error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
      return revert instanceof ContractFunctionRevertedError && revert.data?.errorName === 'InsufficientBalance';
    });

    const proof = await client.getProof({ address, storageKeys: [balanceSlot(CAROL)] });
    expect(proof.storageProof).toMatchObject([{ key: balanceSlot(CAROL), value: SENT }]);
    expect(proof.accountProof.length).toBeGreaterThan(0);

    const debug = createTestClient({ chain, mode: 'anvil', transport });
    expect(await debug.request({ method: 'debug_traceTransaction', params: [hash, { tracer: 'callTracer' }] } as never)).toMatchObject({
      type: 'CALL',
      to: address,
      gasUsed: `0x${receipt.gasUsed.toString(16)}`,
    });
    const { getSocket } = client.transport as { readonly getSocket?: () => Promise<{ close(): void }> };
    (await getSocket?.())?.close();
  });
});
