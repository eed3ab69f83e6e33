// node import-ethereumjs.mjs FILE TRANSFERS WARM_UP [wasm]: the same blocks through EthereumJS as it is shipped: its decoder, runBlock and
// trie, with its default crypto (or, as its documentation advises, with WebAssembly's) and its default database, which is in memory.
import { createBlockFromRLP } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { createVM, runBlock } from '@ethereumjs/vm';
import { BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE } from '../../dist/execution/beacon-roots.js';
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
for (const [address, wei] of Object.entries(benchGenesis(transfers).alloc)) {
  await stateManager.putAccount(createAddressFromString(address), new Account(0n, BigInt(wei)));
}
await stateManager.putAccount(BEACON_ROOTS_ADDRESS, new Account(1n, 0n));
await stateManager.putCode(BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE);
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
