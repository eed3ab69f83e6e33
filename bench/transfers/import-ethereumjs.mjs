// node import-ethereumjs.mjs FILE TRANSFERS WARM_UP [wasm]: the same blocks through EthereumJS as it is shipped: its decoder, runBlock and
// trie, with its default crypto (or, as its documentation advises, with WebAssembly's) and its default database, which is in memory.
import { createBlockFromRLP } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, Address, createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { createVM, runBlock } from '@ethereumjs/vm';
import { systemContracts } from '../../dist/execution/system-contracts.js';
import { benchGenesis, CHAIN_ID } from './network.mjs';
import { readBlocks, timeImport } from './read-blocks.mjs';

const [file, transfers, warmUp] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const customCrypto = process.argv[5] === 'wasm' ? (await import('../../dist/execution/crypto.js')).executionCrypto : undefined;
const common = new Common({
  chain: { ...Mainnet, name: 'bench', chainId: String(CHAIN_ID) },
  hardfork: Hardfork.Cancun,
  ...(customCrypto === undefined ? {} : { customCrypto }),
});
const trie = new MerklePatriciaTrie({ useKeyHashing: true, common });
const stateManager = new MerkleStateManager({ common, trie, caches: new Caches() });
await stateManager.checkpoint();
const genesis = benchGenesis(transfers);
for (const [address, wei] of Object.entries(genesis.alloc)) {
  await stateManager.putAccount(createAddressFromString(address), new Account(0n, BigInt(wei)));
}
for (const { address: bytes, code, storage } of systemContracts(genesis)) {
  const address = new Address(bytes);
  await stateManager.putAccount(address, new Account(1n, 0n));
  await stateManager.putCode(address, code);
  for (const [slot, value] of storage) await stateManager.putStorage(address, slot, value);
}
await stateManager.commit();
const hashes = new Map();
const blockchain = {
  getBlock: async (number) => ({ hash: () => hashes.get(Number(number)) ?? hexToBytes(`0x${'00'.repeat(32)}`) }),
  putBlock: async () => {},
  shallowCopy: () => blockchain,
};
const vm = await createVM({ common, stateManager, blockchain });
await timeImport(readBlocks(file), warmUp, async (bytes) => {
  const block = createBlockFromRLP(bytes, { common });
  await runBlock(vm, { block, skipHeaderValidation: true });
  hashes.set(Number(block.header.number), block.hash());
  return block.header.stateRoot;
});
