import { describe, expect, it } from 'vitest';
import { GENESIS } from '../../chain/testing/network.ts';
import { alice, carol } from '../../execution/testing/fixture.ts';
import { toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { startApi } from '../testing/node.ts';

describe('REST', () => {
  it('has the fields of the README, as numbers where they count', async () => {
    const { get, block } = await startApi();
    await block();
    expect((await get('/api/v1/network/info')).body).toMatchObject({
      blockchain_height: 1,
      round: 0,
      trainers: [],
      authorities: { length: 3 },
    });
    expect((await get('/api/v1/status')).body).toMatchObject({
      node_id: 'api-test',
      address: checksumAddress(alice.address),
      height: 1,
      is_authority: true,
      syncing: false,
      peers: 0,
    });
    // Python's example formats it as a number, on a node that has not trained yet, too.
    const training = (await get('/api/v1/training/status')).body as Record<string, unknown>;
    expect(training).toMatchObject({ current_epoch: 0, current_loss: Math.log(256), active: false, history: [] });
  });

  it('prefers measured losses: this node’s, then the network’s', async () => {
    const history = [{ round: 1, loss: 4.5, heldOutLoss: undefined }];
    const trained = await startApi({
      training: () => ({ enabled: true, active: false, progress: undefined, utilisation: undefined, history }),
    });
    expect((await trained.get('/api/v1/training/status')).body).toMatchObject({
      current_loss: 4.5,
      history: [{ round: 1, loss: 4.5, held_out_loss: null }],
    });
    const progress = { round: 2, segments: 1, steps: 3, loss: 4.25, tokensPerSecond: 10, stepMs: 5 };
    const training = await startApi({
      training: () => ({ enabled: true, active: true, progress, utilisation: { share: 0.91, rounds: 20 }, history }),
    });
    expect((await training.get('/api/v1/training/status')).body).toMatchObject({
      current_loss: 4.25,
      steps: 3,
      tokens_per_second: 10,
      utilisation: 0.91,
      utilisation_rounds: 20,
    });
  });

  it('shows balances, blocks and transactions', async () => {
    const { get, result, block } = await startApi();
    const hash = await result('eth_sendTransaction', { to: toHex(carol.address), value: toHex(Uint8Array.of(10)) });
    await block();
    expect((await get(`/api/v1/balance/${toHex(carol.address)}`)).body).toEqual({
      address: checksumAddress(carol.address),
      balance: '0.00000000000000001',
      balance_wei: '10',
      nonce: 0,
      height: 1,
    });
    const listed = (await get(`/api/v1/transactions/${toHex(alice.address)}`)).body;
    expect(listed).toMatchObject({ transactions: [{ hash, value_wei: '10', status: 'succeeded', block_number: 1, nonce: 0 }] });
    const first = (await get('/api/v1/block/1')).body;
    expect(first).toMatchObject({ number: 1, transactions: [{ hash }], rewards: [], consensus: { height: 1 } });
    expect((await get('/api/v1/block/latest')).body).toEqual(first);
    expect((await get('/api/v1/block/0')).body).toMatchObject({ number: 0, consensus: null });
    expect((await get('/api/v1/peers')).body).toEqual({ peers: [] });
    expect((await get('/health')).body).toEqual({ status: 'ok' });
  });

  it('accounts for every coin', async () => {
    const { get, result, block } = await startApi();
    await result('eth_sendTransaction', { to: toHex(carol.address), value: '0xa' });
    await block();
    const supply = (await get('/api/v1/supply')).body as Record<string, string>;
    const mined = (await get('/api/v1/block/1')).body as { gas_used: string; base_fee_per_gas: string; proposer: string };
    let balances = 0n;
    for (const address of [...Object.keys(GENESIS.alloc), toHex(carol.address), mined.proposer]) {
      balances += BigInt((await result('eth_getBalance', address, 'latest')) as string);
    }
    const wei = (field: string) => BigInt(supply[field] as string);
    const baseFees = BigInt(mined.gas_used) * BigInt(mined.base_fee_per_gas);
    expect(baseFees).toBeGreaterThan(0n);
    expect(balances).toBe(wei('allocated') + wei('staked_at_genesis') + wei('minted') - wei('burned') - wei('held') - baseFees);
  });

  it('gives every error one shape', async () => {
    const { get } = await startApi();
    for (const [path, status, code] of [
      ['/api/v1/balance/0x1234', 400, 'API_INVALID_REQUEST'],
      ['/api/v1/transactions/alice', 400, 'API_INVALID_REQUEST'],
      ['/api/v1/block/minus-one', 400, 'API_INVALID_REQUEST'],
      ['/api/v1/block/99', 404, 'API_NOT_FOUND'],
      ['/api/v1/rounds/0', 404, 'API_NOT_FOUND'],
      ['/api/v1/nothing', 404, 'API_NOT_FOUND'],
    ] as const) {
      expect(await get(path), path).toEqual({ status, body: { error: { code, message: expect.any(String) } } });
    }
  });
});
