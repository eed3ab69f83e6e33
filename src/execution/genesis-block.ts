import { type Block, createBlock } from '@ethereumjs/block';
import { Account, createAddressFromString, Address as EthereumAddress, KECCAK256_RLP } from '@ethereumjs/util';
import type { Genesis } from '../params/genesis.ts';
import type { Write } from '../store/kv.ts';
import { chainRules } from './chain-rules.ts';
import { reachableWrites } from './reachable.ts';
import { blockWrites } from './records.ts';
import { systemContracts } from './system-contracts.ts';
import { createTrieDatabase, openState } from './trie-database.ts';

/** Block 0: the genesis allocation and the system contracts (nonce 1, as deployed contracts have). */
export async function createGenesisBlock(genesis: Genesis): Promise<{ readonly block: Block; readonly writes: readonly Write[] }> {
  const rules = chainRules(BigInt(genesis.chain_id));
  const { database, written } = createTrieDatabase({ get: () => undefined });
  const state = openState(rules, database, KECCAK256_RLP);
  await state.checkpoint();
  for (const [address, wei] of Object.entries(genesis.alloc)) {
    const balance = BigInt(wei);
    // An empty account is no account (EIP-161).
    if (balance > 0n) await state.putAccount(createAddressFromString(address), new Account(0n, balance));
  }
  for (const { address: bytes, code, storage } of systemContracts(genesis)) {
    const address = new EthereumAddress(bytes);
    const account = (await state.getAccount(address)) ?? new Account();
    account.nonce = 1n;
    await state.putAccount(address, account);
    await state.putCode(address, code);
    for (const [slot, value] of storage) await state.putStorage(address, slot, value);
  }
  const stateRoot = await state.getStateRoot();
  await state.commit();
  const block = createBlock(
    {
      header: {
        number: 0n,
        timestamp: BigInt(genesis.timestamp),
        gasLimit: BigInt(genesis.gas_limit),
        baseFeePerGas: BigInt(genesis.base_fee_per_gas),
        stateRoot,
      },
      withdrawals: [],
    },
    { common: rules },
  );
  const writes = [
    ...reachableWrites(written, stateRoot),
    ...blockWrites({ number: 0, hash: block.hash(), stateRoot, bytes: block.serialize(), receipts: [] }),
  ];
  return { block, writes };
}
