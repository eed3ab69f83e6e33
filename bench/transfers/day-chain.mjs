// One authority's chain on a store of its own, with a clock that stands at a second a block, and no learning.
import { createHash } from 'node:crypto';
import { createBlockStore } from '../../dist/chain/block-store.js';
import { createChain } from '../../dist/chain/chain.js';
import { createOperationPool } from '../../dist/chain/operation-pool.js';
import { createTransactionPool } from '../../dist/chain/transaction-pool.js';
import { headerHash } from '../../dist/codec/blocks.js';
import { signVote } from '../../dist/codec/votes.js';
import { createExecutionEngine } from '../../dist/execution/create-engine.js';
import { genesisHash } from '../../dist/params/genesis.js';
import { silentLogger } from '../../dist/primitives/log.js';
import { initialProtocolState } from '../../dist/protocol/genesis-state.js';
import { openLmdbStore } from '../../dist/store/lmdb.js';
import { benchGenesis, GENESIS_TIME, senders } from './network.mjs';

/** Who gets a wei in each block: its balance at a height is the height. */
export const SINK = new Uint8Array(20).fill(0x5a);
const genesis = benchGenesis(100);
const context = { genesis, genesisHash: genesisHash(genesis) };
const [authority] = senders(1);
const rootOf = (name) => new Uint8Array(createHash('sha256').update(name).digest());

export async function openDayChain(directory) {
  const store = await openLmdbStore(directory);
  const blocks = createBlockStore(store);
  if (blocks.requireGenesis(context.genesisHash) === 'new') {
    const state = initialProtocolState(genesis, context.genesisHash, rootOf('model'), rootOf('start'));
    await store.write(blocks.initialise(context.genesisHash, state));
  }
  const execution = await createExecutionEngine({ genesis }, { store });
  const operations = createOperationPool({ context, state: () => chain.state });
  const transactions = createTransactionPool({ chainId: genesis.chain_id }, { accounts: execution.reader, head: () => execution.head });
  const boundary = {
    available: async (updates) => updates,
    roots: async ({ round }) => ({ modelRoot: rootOf(`model ${round}`), startRoot: rootOf(`start ${round}`) }),
  };
  const clock = { now: () => (GENESIS_TIME + 1 + chain.height) * 1000, after: () => () => {} };
  const chain = createChain(
    { context, authoritiesAt: () => [authority.address], self: authority.address },
    { store, blocks, execution, operations, transactions, boundary, clock, log: silentLogger },
  );
  return { store, chain, transactions, execution };
}

/** The block with its only authority's precommit. */
export function finalise(block) {
  const { height } = block.header;
  const blockHash = headerHash(block.header);
  const vote = { type: 'precommit', height, round: 0, blockHash, authority: authority.address };
  const { signature } = signVote(vote, context.genesisHash, authority);
  return { block, certificate: { height, round: 0, blockHash, signatures: [{ authority: authority.address, signature }] } };
}
