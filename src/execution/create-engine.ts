import { createBlockFromRLP } from '@ethereumjs/block';
import type { Genesis } from '../params/genesis.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { type Logger, silentLogger } from '../primitives/log.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { decodeBlock, rawTransactions } from './block-view.ts';
import { buildBlock } from './build-block.ts';
import { type Candidate, headOf } from './candidate.ts';
import { chainRules } from './chain-rules.ts';
import type { ExecutionEngine, ExecutionHead, PayloadAttributes } from './engine.ts';
import { executionError } from './errors.ts';
import { createGenesisBlock } from './genesis-block.ts';
import { MAX_CANDIDATES, MAX_EXECUTION_GAS_PER_BLOCK } from './limits.ts';
import { type ChainContext, NO_POINT_EVALUATION } from './machine.ts';
import { createExecutionReader } from './reader.ts';
import { ancestorHashes, blocksByNumber, blockWrites, headersByNumber, headNumber } from './records.ts';
import { createSenderRecovery, type SenderRecovery } from './senders.ts';
import { readStateItem } from './state-download.ts';
import { checkBlock, executeBlock } from './validate-block.ts';
import { type Pace, systemPace } from './watch.ts';

/**
 * The embedded execution layer: EthereumJS over the node's store. A new store gets the genesis block; a used one is opened
 * at its last committed block.
 *
 * @throws EXECUTION_GENESIS_MISMATCH, EXECUTION_STATE_MISSING, STORE_*
 */
export async function createExecutionEngine(
  options: { readonly genesis: Genesis },
  dependencies: {
    readonly store: KeyValueStore;
    readonly log?: Logger;
    readonly pace?: Pace;
    readonly recovery?: SenderRecovery;
  },
): Promise<ExecutionEngine> {
  const { genesis } = options;
  const { store, log = silentLogger, pace = systemPace, recovery = createSenderRecovery({ threads: [], pace }) } = dependencies;
  const rules = chainRules(BigInt(genesis.chain_id));
  const first = await createGenesisBlock(genesis);
  const genesisBlockHash = first.block.hash();
  const storedGenesis = headersByNumber.get(store, 0);
  if (storedGenesis === undefined) await store.write(first.writes);
  else if (!equalBytes(storedGenesis.hash, genesisBlockHash)) {
    throw executionError(
      'EXECUTION_GENESIS_MISMATCH',
      `the store begins with execution block ${toHex(storedGenesis.hash)}, this genesis with ${toHex(genesisBlockHash)}: choose another --data-dir`,
    );
  }

  let head = readHead();
  /** Executed on the present head, oldest first, by block hash. */
  const candidates = new Map<string, Candidate & { readonly attributes: PayloadAttributes }>();
  const context: ChainContext = {
    rules,
    rulesAt: () => rules,
    hasBlobs: false,
    precompiles: [NO_POINT_EVALUATION],
    chainId: genesis.chain_id,
    gasLimit: BigInt(genesis.gas_limit),
    executionGasLimit: MAX_EXECUTION_GAS_PER_BLOCK,
    blockHash: (number) =>
      number > head.number ? undefined : (headersByNumber.get(store, number)?.hash ?? ancestorHashes.get(store, number)),
  };

  function readHead(): ExecutionHead {
    const number = headNumber.get(store);
    const bytes = number === undefined ? undefined : blocksByNumber.get(store, number);
    if (bytes === undefined) {
      throw executionError('EXECUTION_STATE_MISSING', `the store lacks its head, execution block ${number}: restore the data directory`);
    }
    return headOf(createBlockFromRLP(bytes, { common: rules }).header);
  }

  function remember(candidate: Candidate, parent: ExecutionHead, attributes: PayloadAttributes): void {
    // The head has moved on meanwhile: nothing to commit it to.
    if (parent !== head) return;
    const name = toHex(candidate.payload.hash);
    candidates.delete(name);
    candidates.set(name, { ...candidate, attributes });
    if (candidates.size > MAX_CANDIDATES) {
      const [oldest] = candidates.keys();
      if (oldest !== undefined) candidates.delete(oldest);
    }
  }

  function executed(bytes: Uint8Array) {
    for (const candidate of candidates.values()) if (equalBytes(candidate.payload.bytes, bytes)) return candidate;
    return undefined;
  }

  function known(hash: Hash): Candidate {
    const candidate = candidates.get(toHex(hash));
    if (candidate === undefined) {
      throw executionError(
        'EXECUTION_UNKNOWN_PAYLOAD',
        `payload ${toHex(hash)} was not executed on block ${head.number}: validate it first`,
      );
    }
    return candidate;
  }

  return {
    get head() {
      return head;
    },
    genesisBlockHash,

    async build(attributes, transactions) {
      const parent = head;
      checkAttributes(parent, attributes.timestamp);
      const { candidate, dropped } = await buildBlock(context, parent, attributes, transactions, { store, pace, log });
      remember(candidate, parent, attributes);
      return { payload: candidate.payload, dropped };
    },

    async validate(bytes, attributes) {
      const parent = head;
      // The header's hash names the body only through roots that executing checks: the bytes must be the same.
      const same = executed(bytes);
      if (same !== undefined && same.attributes === attributes) return same.payload;
      await recovery.prepare(transactionsIn(bytes));
      const block = checkBlock(context, parent, attributes, bytes);
      // Executed meanwhile, or for the same attributes in another object.
      const known = executed(bytes);
      if (known !== undefined) return known.payload;
      const candidate = await executeBlock(context, parent, block, bytes, attributes, { store, pace });
      remember(candidate, parent, attributes);
      return candidate.payload;
    },

    commit: (hash) => known(hash).writes,

    advance(hash) {
      head = known(hash).head;
      candidates.clear();
    },

    adopt(bytes, ancestors) {
      const next = headOf(createBlockFromRLP(bytes, { common: rules }).header);
      const { number, hash, stateRoot } = next;
      if (readStateItem(store, stateRoot) === undefined) {
        throw executionError('EXECUTION_STATE_MISSING', `the state of block ${number} was not downloaded: nothing can be executed on it`);
      }
      const writes = [
        ...blockWrites({ number, hash, stateRoot, bytes, receipts: [] }),
        ...ancestors.map((ancestor) => ancestorHashes.put(ancestor.number, ancestor.hash)),
      ];
      return {
        writes,
        advance() {
          head = next;
          candidates.clear();
        },
      };
    },

    transactionsOf: (bytes) => decodeBlock(bytes).transactions,

    reader: createExecutionReader(context, { store, head: () => head }),
  };
}

/** None when the bytes are no block: checking says so. */
function transactionsIn(bytes: Uint8Array): readonly Uint8Array[] {
  try {
    return rawTransactions(bytes);
  } catch (error) {
    if (isPolError(error)) return [];
    throw error;
  }
}

function checkAttributes(parent: ExecutionHead, timestamp: number): void {
  if (timestamp <= parent.timestamp) {
    throw executionError('EXECUTION_INVALID_PAYLOAD', `timestamp ${timestamp} is not after the head’s ${parent.timestamp}`);
  }
}
