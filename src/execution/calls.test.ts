import { describe, expect, it } from 'vitest';
import { concatBytes, toHex, uint64BE } from '../primitives/bytes.ts';
import { keccak256 } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';
import { chainRules } from './chain-rules.ts';
import { ESTIMATE_ERROR_RATIO } from './limits.ts';
import { revertReason } from './revert.ts';
import { blockFacts, blockHashes, counter, endless, forwarder, initCode, revertData, reverter, slots } from './testing/contracts.ts';
import { alice, bob, CHAIN_ID, carol, extend, keyOf, openChain, RICH_BALANCE, signed, type TestChain } from './testing/fixture.ts';

const word = (value: number) => concatBytes(new Uint8Array(24), uint64BE(value));

/** Deploys by alice, one block a contract. */
async function deploy(chain: TestChain, runtime: Uint8Array): Promise<Address> {
  const nonce = await chain.engine.reader.nonce(alice.address);
  const raw = signed(alice, { nonce, to: undefined, gasLimit: 1_000_000n, data: initCode(runtime) });
  await extend(chain, [raw]);
  const address = chain.engine.reader.receipt(keccak256(raw))?.contractAddress;
  if (address === undefined) throw new Error('the deployment has no address');
  return address;
}

describe('a contract', () => {
  it('is deployed, called, logged and stored', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    const to = await deploy(chain, counter);
    expect(await reader.code(to)).toStrictEqual(counter);
    expect(await reader.code(alice.address)).toStrictEqual(new Uint8Array(0));
    const calls = [signed(bob, { to, gasLimit: 100_000n, value: 0n }), signed(bob, { nonce: 1n, to, gasLimit: 100_000n, value: 0n })];
    await extend(chain, calls);
    expect(await reader.storage(to, word(0))).toStrictEqual(word(2));
    expect(await reader.storage(to, new Uint8Array(0), 1)).toStrictEqual(word(0));
    const receipts = reader.receipts('latest');
    expect(receipts?.map((receipt) => receipt.logs)).toStrictEqual([
      [{ address: to, topics: [word(42)], data: word(1), logIndex: 0 }],
      [{ address: to, topics: [word(42)], data: word(2), logIndex: 1 }],
    ]);
    expect(receipts?.[0]?.logsBloom.some((byte) => byte !== 0)).toBe(true);
  });

  it('sees block hashes, the base fee, the beacon and the parent consensus header', async () => {
    const chain = await openChain();
    const { engine } = chain;
    const hashes = await deploy(chain, blockHashes);
    const facts = await deploy(chain, blockFacts);
    const blockHash = async (n: number) => (await engine.reader.call({ to: hashes, data: word(n) })).returnData;
    expect(await blockHash(0)).toStrictEqual(engine.genesisBlockHash);
    expect(await blockHash(1)).toStrictEqual(engine.reader.blockHash(1));
    expect(await blockHash(2)).toStrictEqual(word(0));
    expect((await engine.reader.call({ to: facts })).returnData).toStrictEqual(concatBytes(word(0), keyOf(2)));
    const priced = await engine.reader.call({ to: facts, from: alice.address, gasPrice: 10n ** 10n });
    expect(BigInt(toHex(priced.returnData.subarray(0, 32)))).toBe(engine.head.baseFeePerGas);
    const beaconRoots = Uint8Array.from(Buffer.from('000f3df6d732807ef1319fb7b8bb8522d0beac02', 'hex'));
    const root = await engine.reader.call({ to: beaconRoots, data: word(engine.head.timestamp) });
    expect(root).toMatchObject({ returnData: keyOf(0xbb), failure: undefined });
    expect((await engine.reader.call({ to: beaconRoots, data: word(5) })).failure).toBe('execution reverted');
  });
});

describe('call', () => {
  it('leaves nothing behind in the rules that all executions share', async () => {
    const chain = await openChain();
    const to = await deploy(chain, counter);
    await chain.engine.reader.call({ to });
    expect(chainRules(BigInt(CHAIN_ID)).events.listenerCount('hardforkChanged')).toBe(0);
  });

  it('returns data, and changes nothing', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    const to = await deploy(chain, counter);
    const results = await Promise.all([reader.call({ to }), reader.call({ to, from: bob.address }), reader.call({ to }, 1)]);
    for (const result of results) expect(result).toMatchObject({ returnData: word(1), failure: undefined });
    expect(await reader.storage(to, word(0))).toStrictEqual(word(0));
    expect(await reader.nonce(bob.address)).toBe(0n);
    await extend(chain, [signed(bob, { to, gasLimit: 100_000n })]);
    expect((await reader.call({ to })).returnData).toStrictEqual(word(2));
    expect((await reader.call({ to }, 1)).returnData).toStrictEqual(word(1));
    expect((await reader.call({ to }, 0)).returnData).toStrictEqual(new Uint8Array(0));
  });

  it('gives a revert with its data, and exceptions by name', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    expect(await reader.call({ to: await deploy(chain, reverter) })).toMatchObject({
      failure: 'execution reverted',
      returnData: revertData,
    });
    const loop = await deploy(chain, endless);
    expect(await reader.call({ to: loop, gas: 100_000n })).toMatchObject({ failure: 'out of gas', gasUsed: 100_000n });
    expect(await reader.call({ data: Uint8Array.of(0xfe) })).toMatchObject({ failure: 'invalid opcode' });
  });

  it('runs init code, and accounts for value and gas', async () => {
    const { engine } = await openChain();
    const { reader } = engine;
    expect((await reader.call({ data: initCode(counter) })).returnData).toStrictEqual(counter);
    expect(await reader.call({ from: alice.address, to: carol.address, value: RICH_BALANCE })).toMatchObject({ gasUsed: 21_000n });
    for (const request of [
      { from: carol.address, to: bob.address, value: 1n },
      { to: bob.address, value: 1n },
      { from: alice.address, to: bob.address, value: RICH_BALANCE + 1n, gasPrice: WEI_PER_GWEI },
    ]) {
      await expect(reader.call(request)).rejects.toMatchObject({ code: 'EXECUTION_INSUFFICIENT_FUNDS', jsonRpc: -32000 });
      await expect(reader.estimateGas(request)).rejects.toMatchObject({ code: 'EXECUTION_INSUFFICIENT_FUNDS' });
    }
    const all = { from: alice.address, to: bob.address, value: RICH_BALANCE, gasPrice: WEI_PER_GWEI };
    await expect(reader.estimateGas(all)).rejects.toMatchObject({
      code: 'EXECUTION_GAS_TOO_LOW',
      message: 'gas required exceeds allowance (0)',
    });
    await expect(reader.call({ to: bob.address, gas: 20_999n })).rejects.toMatchObject({ code: 'EXECUTION_GAS_TOO_LOW' });
    await expect(reader.call({ to: new Uint8Array(19) })).rejects.toMatchObject({ code: 'EXECUTION_CALL_INVALID' });
    await expect(reader.call({ value: -1n })).rejects.toMatchObject({ code: 'EXECUTION_CALL_INVALID' });
    await expect(reader.call({ data: new Uint8Array(49_153) })).rejects.toMatchObject({ code: 'EXECUTION_CALL_INVALID' });
  });

  it('does not disturb a block that is built meanwhile', async () => {
    const [chain, quiet] = [await openChain(), await openChain()];
    const to = await deploy(chain, counter);
    await deploy(quiet, counter);
    const attempt = { to, from: bob.address, value: 0n };
    const [{ payload }] = await Promise.all([
      extend(chain, [signed(bob, { to, gasLimit: 100_000n })]),
      ...Array.from({ length: 10 }, () => chain.engine.reader.call(attempt)),
    ]);
    expect(payload.hash).toStrictEqual((await extend(quiet, [signed(bob, { to, gasLimit: 100_000n })])).payload.hash);
  });
});

describe('estimateGas', () => {
  it('is 21000 for a plain transfer, and little above a transaction’s gas for others', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    expect(await reader.estimateGas({ from: alice.address, to: carol.address, value: 1n })).toBe(21_000n);
    const to = await deploy(chain, counter);
    const requests = [{ to }, { data: initCode(counter) }, { to: carol.address, data: Uint8Array.of(0, 1) }];
    for (const request of requests) {
      const gas = await reader.estimateGas({ from: bob.address, ...request });
      const nonce = await reader.nonce(bob.address);
      const fields = { nonce, value: 0n, to: undefined, ...request };
      // The counter's second call costs less than its first.
      const raw = signed(bob, { ...fields, gasLimit: gas });
      await extend(chain, [raw]);
      const receipt = reader.receipt(keccak256(raw));
      expect(receipt?.succeeded).toBe(true);
      expect(Number(gas)).toBeLessThanOrEqual(Number(receipt?.gasUsed) * (1 + 2 * ESTIMATE_ERROR_RATIO));
    }
  });

  it('is close to the least that succeeds where gas used is too little: 63/64 and refunds', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    const outer = await deploy(chain, forwarder(await deploy(chain, counter)));
    const store = await deploy(chain, slots);
    await extend(chain, [signed(bob, { to: store, gasLimit: 300_000n, value: 0n, data: word(1) })]);
    for (const request of [{ to: outer }, { to: store, data: word(0) }]) {
      const call = { from: bob.address, ...request };
      const gas = await reader.estimateGas(call);
      const enough = await reader.call({ ...call, gas });
      expect(enough.failure).toBeUndefined();
      expect(gas).toBeGreaterThan(enough.gasUsed);
      const tooLittle = BigInt(Math.floor(Number(gas) * (1 - ESTIMATE_ERROR_RATIO)));
      expect((await reader.call({ ...call, gas: tooLittle })).failure).toBeDefined();
      const nonce = await reader.nonce(bob.address);
      const raw = signed(bob, { nonce, value: 0n, data: new Uint8Array(0), ...request, gasLimit: gas });
      await extend(chain, [raw]);
      expect(reader.receipt(keccak256(raw))).toMatchObject({ succeeded: true, gasUsed: enough.gasUsed });
    }
  });

  it('says why there is none', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    const to = await deploy(chain, reverter);
    await expect(reader.estimateGas({ to })).rejects.toMatchObject({
      code: 'EXECUTION_REVERTED',
      jsonRpc: 3,
      message: 'execution reverted: no',
      data: toHex(revertData),
    });
    const loop = await deploy(chain, endless);
    await expect(reader.estimateGas({ to: loop, gas: 50_000n })).rejects.toMatchObject({ code: 'EXECUTION_GAS_TOO_LOW' });
    await expect(reader.estimateGas({ data: Uint8Array.of(0xfe), gas: 60_000n })).rejects.toMatchObject({ code: 'EXECUTION_CALL_FAILED' });
    const price = RICH_BALANCE / 50_000n;
    await expect(reader.estimateGas({ from: alice.address, to: loop, gasPrice: price })).rejects.toMatchObject({
      code: 'EXECUTION_GAS_TOO_LOW',
    });
  });
});

describe('revertReason', () => {
  it('reads Error(string), and nothing else', () => {
    expect(revertReason(revertData)).toBe('no');
    expect(revertReason(new Uint8Array(0))).toBeUndefined();
    expect(revertReason(revertData.subarray(0, 60))).toBeUndefined();
    expect(revertReason(revertData.with(0, 9))).toBeUndefined();
    expect(revertReason(revertData.with(40, 0xff))).toBeUndefined();
  });
});
