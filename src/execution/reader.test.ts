import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { toHex } from '../primitives/bytes.ts';
import { keccak256 } from '../primitives/hash.ts';
import { createMemoryStore } from '../store/memory.ts';
import { decodeBlock, decodeHeader } from './block-view.ts';
import { counter, initCode } from './testing/contracts.ts';
import { alice, bob, CHAIN_ID, carol, extend, GENESIS_TIME, keyOf, openChain, proposer, RICH_BALANCE, signed } from './testing/fixture.ts';
import { decodeTransactionView, effectiveGasPriceOf } from './transaction-view.ts';

describe('the reader', () => {
  it('answers about every block since the genesis', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    for (let n = 0; n < 3; n++) await extend(chain, [signed(alice, { nonce: BigInt(n), value: 10n })]);
    expect(await Promise.all([0, 1, 2, 3].map((n) => reader.balance(carol.address, n)))).toEqual([0n, 10n, 20n, 30n]);
    expect(await reader.nonce(alice.address, 2)).toBe(2n);
    const hash = reader.blockHash(1);
    if (hash === undefined) throw new Error('block 1 has no hash');
    expect(await reader.balance(carol.address, hash)).toBe(10n);
    expect(reader.block(hash)).toStrictEqual(reader.block(1));
    expect(await reader.balance(alice.address, 0)).toBe(RICH_BALANCE);
  });

  it('does not know other blocks, transactions and addresses', async () => {
    const { engine } = await openChain();
    const { reader } = engine;
    for (const at of [1, -1, 0.5, keyOf(7), keyOf(7).subarray(1)]) {
      await expect(reader.balance(alice.address, at)).rejects.toMatchObject({ code: 'EXECUTION_UNKNOWN_BLOCK' });
      await expect(reader.call({ to: bob.address }, at)).rejects.toMatchObject({ code: 'EXECUTION_UNKNOWN_BLOCK' });
      expect(reader.block(at)).toBeUndefined();
      expect(reader.receipts(at)).toBeUndefined();
    }
    expect(reader.transaction(keyOf(7))).toBeUndefined();
    expect(reader.receipt(new Uint8Array(3))).toBeUndefined();
    expect(reader.receipts(0)).toEqual([]);
    await expect(reader.balance(new Uint8Array(19))).rejects.toMatchObject({ code: 'EXECUTION_CALL_INVALID' });
    expect(() => reader.transactionsOf(new Uint8Array(21), 1)).toThrow(expect.objectContaining({ code: 'EXECUTION_CALL_INVALID' }));
  });

  it('finds transactions by hash and by address, newest first', async () => {
    const chain = await openChain();
    const { reader } = chain.engine;
    const deploy = signed(bob, { to: undefined, gasLimit: 200_000n, data: initCode(counter) });
    const first = signed(alice);
    const toSelf = signed(alice, { nonce: 1n, to: alice.address });
    const last = signed(bob, { nonce: 1n, to: alice.address });
    await extend(chain, [first, deploy, toSelf]);
    await extend(chain, [last]);
    const [firstHash, deployHash, selfHash, lastHash] = [first, deploy, toSelf, last].map(keccak256);
    expect(reader.transactionsOf(alice.address, 10)).toStrictEqual([lastHash, selfHash, firstHash]);
    expect(reader.transactionsOf(alice.address, 2)).toStrictEqual([lastHash, selfHash]);
    expect(reader.transactionsOf(alice.address, 0)).toEqual([]);
    expect(reader.transactionsOf(carol.address, 10)).toStrictEqual([firstHash]);
    expect(reader.transactionsOf(bob.address, 10)).toStrictEqual([lastHash, deployHash]);
    const contract = reader.receipt(keccak256(deploy))?.contractAddress;
    expect(contract === undefined ? undefined : reader.transactionsOf(contract, 10)).toStrictEqual([deployHash]);
    expect(reader.transaction(keccak256(toSelf))).toStrictEqual({
      raw: toSelf,
      hash: selfHash,
      blockNumber: 1,
      blockHash: reader.blockHash(1),
      index: 2,
    });
    expect(reader.receipt(keccak256(toSelf))).toMatchObject({ blockNumber: 1, index: 2, to: alice.address, contractAddress: undefined });
    expect(reader.receipts(1)?.map((receipt) => receipt.transactionHash)).toStrictEqual([firstHash, deployHash, selfHash]);
    const used = reader.receipts(1)?.reduce((sum, receipt) => sum + receipt.gasUsed, 0n);
    expect(reader.receipts(1)?.at(-1)?.cumulativeGasUsed).toBe(used);
  });

  it('reads all it needs from a copy of the store: commits leave nothing out', async () => {
    const source = createMemoryStore();
    const chain = await openChain(source);
    const deploy = signed(alice, { to: undefined, gasLimit: 200_000n, data: initCode(counter) });
    await extend(chain, [deploy]);
    const to = chain.engine.reader.receipt(keccak256(deploy))?.contractAddress;
    for (let n = 0; n < 4; n++) {
      const transfers = Array.from({ length: 20 }, (_, i) =>
        signed(alice, { nonce: BigInt(1 + n * 20 + i), to: keyOf(i + 1).subarray(12) }),
      );
      await extend(chain, [...transfers, signed(bob, { nonce: BigInt(n), to, gasLimit: 100_000n })]);
    }
    const copy = createMemoryStore();
    await copy.write([...source.range({ from: Uint8Array.of(0), to: Uint8Array.of(0xff) })]);
    const { reader } = (await openChain(copy)).engine;
    for (let i = 0; i < 20; i++) expect(await reader.balance(keyOf(i + 1).subarray(12))).toBe(4n);
    expect(to === undefined ? undefined : (await reader.storage(to, new Uint8Array(0))).at(-1)).toBe(4);
    // 20 recipients, a sender, a proposer, a contract with one slot, the ring of beacon roots: about a node each, and branches.
    const nodes = [...copy.range({ from: Uint8Array.of(0x30), to: Uint8Array.of(0x31) })].length;
    expect(nodes).toBeLessThan(5 * 45);
  });
});

describe('decodeBlock', () => {
  it('gives every field that wallets ask for', async () => {
    const chain = await openChain();
    const withdrawals = [{ index: 3n, address: carol.address, gwei: 12n }];
    const raw = signed(alice, { data: Uint8Array.of(1), gasLimit: 50_000n });
    const { payload } = await extend(chain, [raw], { withdrawals });
    const { header, transactions, withdrawals: minted, size } = decodeBlock(payload.bytes);
    expect(header).toMatchObject({
      number: 1,
      hash: payload.hash,
      parentHash: chain.engine.genesisBlockHash,
      stateRoot: payload.stateRoot,
      miner: proposer,
      timestamp: GENESIS_TIME + 1,
      difficulty: 0n,
      gasLimit: 30_000_000n,
      gasUsed: 21_016n,
      mixHash: keyOf(1),
      nonce: new Uint8Array(8),
      extraData: new Uint8Array(0),
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: keyOf(0xbb),
      requestsHash: undefined,
      baseFeePerGas: chain.engine.head.baseFeePerGas,
    });
    expect(decodeHeader(payload.bytes)).toStrictEqual(header);
    expect(minted).toStrictEqual([{ index: 3n, validatorIndex: 0n, address: carol.address, amount: 12n }]);
    expect(size).toBe(payload.bytes.length);
    expect(transactions).toHaveLength(1);
    expect(transactions[0]).toMatchObject({
      hash: keccak256(raw),
      type: 2,
      chainId: BigInt(CHAIN_ID),
      from: alice.address,
      to: carol.address,
      nonce: 0n,
      gas: 50_000n,
      gasPrice: undefined,
      input: Uint8Array.of(1),
      accessList: [],
      raw,
    });
    const [transaction] = transactions;
    expect(transaction === undefined ? 0n : effectiveGasPriceOf(transaction, header.baseFeePerGas)).toBe(
      chain.engine.reader.receipt(keccak256(raw))?.effectiveGasPrice,
    );
    expect(decodeBlock(chain.engine.reader.block(0) ?? new Uint8Array(0)).header.hash).toStrictEqual(chain.engine.genesisBlockHash);
  });

  it('names bytes that are no block', () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1), Uint8Array.of(0xc0), keyOf(9)]) {
      expect(() => decodeBlock(bytes)).toThrow(expect.objectContaining({ code: 'EXECUTION_BLOCK_MALFORMED' }));
      expect(() => decodeHeader(bytes)).toThrow(expect.objectContaining({ code: 'EXECUTION_BLOCK_MALFORMED' }));
    }
  });
});

describe('decodeTransactionView', () => {
  it('reads viem’s transactions of each type and of any chain', async () => {
    const account = privateKeyToAccount(toHex(keyOf(1)));
    const fields = { nonce: 1, gas: 60_000n, to: toHex(carol.address), value: 9n } as const;
    const accessList = [{ address: toHex(bob.address), storageKeys: [toHex(keyOf(4))] }];
    for (const chainId of [1, 137, CHAIN_ID]) {
      for (let nonce = 0; nonce < 4; nonce++) {
        const legacy = await account.signTransaction({ ...fields, nonce, chainId, type: 'legacy', gasPrice: 7n });
        const view = decodeTransactionView(Uint8Array.from(Buffer.from(legacy.slice(2), 'hex')));
        expect(view).toMatchObject({ type: 0, chainId: BigInt(chainId), from: alice.address, gasPrice: 7n, accessList: undefined });
        expect(view.v).toBe(BigInt(chainId) * 2n + 35n + BigInt(view.yParity));
      }
      const listed = await account.signTransaction({ ...fields, chainId, type: 'eip2930', gasPrice: 7n, accessList });
      expect(decodeTransactionView(Uint8Array.from(Buffer.from(listed.slice(2), 'hex')))).toMatchObject({
        type: 1,
        chainId: BigInt(chainId),
        from: alice.address,
        gasPrice: 7n,
        maxFeePerGas: undefined,
        accessList: [{ address: bob.address, storageKeys: [keyOf(4)] }],
      });
    }
  });
});
