import { createBlockFromRLP } from '@ethereumjs/block';
import type { Genesis } from '../../params/genesis.ts';
import { equalBytes, fromHex, type Hex, toHex, toQuantity } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { isPolError } from '../../primitives/errors.ts';
import type { Hash } from '../../primitives/hash.ts';
import { type Logger, silentLogger } from '../../primitives/log.ts';
import type { KeyValueStore } from '../../store/kv.ts';
import { decodeBlock, decodeHeader, rawTransactions } from '../block-view.ts';
import { headOf } from '../candidate.ts';
import { chainRules } from '../chain-rules.ts';
import type { ExecutionEngine, ExecutionHead, Payload, PayloadAttributes } from '../engine.ts';
import { executionError } from '../errors.ts';
import { createGenesisBlock } from '../genesis-block.ts';
import { MAX_CANDIDATES, MAX_EXECUTION_GAS_PER_BLOCK } from '../limits.ts';
import { type ChainContext, NO_POINT_EVALUATION } from '../machine.ts';
import { createExecutionReader } from '../reader.ts';
import { ancestorHashes, blocksByNumber, blockWrites, headersByNumber, headNumber } from '../records.ts';
import type { SenderRecovery } from '../senders.ts';
import { decodeTransaction } from '../transactions.ts';
import { checkBlock } from '../validate-block.ts';
import type { EngineRpc } from './engine-rpc.ts';
import { createExternalReader } from './external-reader.ts';
import { type JsonReceipt, receiptsOfJson } from './external-receipts.ts';
import { externalStakeRequests } from './external-stakes.ts';
import { blockOfPayload, type ExecutionPayloadV3, payloadAttributesV3, payloadOf } from './payload.ts';

const NEEDED = ['engine_newPayloadV3', 'engine_forkchoiceUpdatedV3', 'engine_getPayloadV3'] as const;
/** A client that still works on the parent is asked again after this, so many times. */
const RETRY_MS = 100;
const MAX_RETRIES = 100;
/** What a client gets to fill a block with transactions, between being asked for it and giving it. */
const BUILD_MS = 150;

interface PayloadStatus {
  readonly status: 'VALID' | 'INVALID' | 'SYNCING' | 'ACCEPTED' | 'INVALID_BLOCK_HASH';
  readonly validationError: string | null;
}
interface ForkchoiceResult {
  readonly payloadStatus: PayloadStatus;
  readonly payloadId: Hex | null;
}
interface Candidate {
  readonly payload: Payload;
  /** Known when it is the client's head: what it asked of the stake contract is read there. */
  head: ExecutionHead | undefined;
}

/**
 * A standard execution client in place of the embedded layer, driven over the Engine API (execution-apis, engine/cancun): it holds the state
 * and executes; this node keeps blocks, receipts and indices, and applies the chain's own rules before it asks. Final blocks are its head,
 * safe and finalized block alike.
 *
 * @throws EXECUTION_CLIENT_*, EXECUTION_GENESIS_MISMATCH
 */
export async function createExternalEngine(
  options: { readonly genesis: Genesis },
  dependencies: {
    readonly store: KeyValueStore;
    readonly rpc: EngineRpc;
    /** The client's ordinary JSON-RPC: on the port of its Engine API it need not tell balances. */
    readonly questions: EngineRpc;
    readonly clock: Pick<Clock, 'after'>;
    readonly recovery: SenderRecovery;
    readonly log?: Logger;
  },
): Promise<ExecutionEngine> {
  const { genesis } = options;
  const { store, rpc, questions, clock, recovery, log = silentLogger } = dependencies;
  const rules = chainRules(BigInt(genesis.chain_id));
  const first = await createGenesisBlock(genesis);
  const genesisBlockHash = first.block.hash();
  const storedGenesis = headersByNumber.get(store, 0);
  if (storedGenesis === undefined) await store.write(first.writes);
  else if (!equalBytes(storedGenesis.hash, genesisBlockHash)) {
    throw executionError('EXECUTION_GENESIS_MISMATCH', 'the store holds the execution chain of another genesis: choose another --data-dir');
  }
  const context: ChainContext = {
    rules,
    rulesAt: () => rules,
    hasBlobs: false,
    precompiles: [NO_POINT_EVALUATION],
    chainId: genesis.chain_id,
    gasLimit: BigInt(genesis.gas_limit),
    executionGasLimit: MAX_EXECUTION_GAS_PER_BLOCK,
    blockHash: (number) => headersByNumber.get(store, number)?.hash ?? ancestorHashes.get(store, number),
  };
  const stored = headNumber.get(store) ?? 0;
  let head = headAt(stored, []);
  const candidates = new Map<string, Candidate>();
  /** Given to the client and not seen in a block yet, with the gas that they may run code for. */
  const given = new Map<string, bigint>();

  function blockAt(number: number): Uint8Array {
    const bytes = blocksByNumber.get(store, number);
    if (bytes === undefined) {
      throw executionError('EXECUTION_STATE_MISSING', `the store lacks execution block ${number}: restore the data directory`);
    }
    return bytes;
  }

  function headAt(number: number, requests: ExecutionHead['stakeRequests']): ExecutionHead {
    return headFrom(blockAt(number), requests);
  }

  function headFrom(bytes: Uint8Array, requests: ExecutionHead['stakeRequests']): ExecutionHead {
    return headOf(createBlockFromRLP(bytes, { common: rules }).header, requests);
  }

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  const stateOf = (hash: Hash) => ({ headBlockHash: toHex(hash), safeBlockHash: toHex(hash), finalizedBlockHash: toHex(hash) });

  function syncing(what: string) {
    return executionError(
      'EXECUTION_CLIENT_SYNCING',
      `the execution client does not have ${what} executed: let it catch up, or give it an empty data directory`,
    );
  }

  /** Executes a payload in the client. @throws EXECUTION_INVALID_PAYLOAD, EXECUTION_CLIENT_* */
  async function execute(payload: ExecutionPayloadV3, parentBeaconBlockRoot: Hash): Promise<void> {
    for (let attempt = 0; attempt <= MAX_RETRIES; attempt++) {
      const { status, validationError } = await rpc.call<PayloadStatus>('engine_newPayloadV3', payload, [], toHex(parentBeaconBlockRoot));
      if (status === 'VALID') return;
      if (status === 'INVALID' || status === 'INVALID_BLOCK_HASH') {
        throw executionError('EXECUTION_INVALID_PAYLOAD', `invalid execution block: the client says ${validationError ?? status}`);
      }
      await pause(RETRY_MS);
    }
    throw syncing(`the parent of block ${Number(payload.blockNumber)}`);
  }

  /** Makes a block the client's head. @throws EXECUTION_CLIENT_* */
  async function follow(hash: Hash, attributes?: PayloadAttributes): Promise<ForkchoiceResult> {
    for (let attempt = 0; attempt <= MAX_RETRIES; attempt++) {
      const result = await rpc.call<ForkchoiceResult>(
        'engine_forkchoiceUpdatedV3',
        stateOf(hash),
        attributes === undefined ? null : payloadAttributesV3(attributes),
      );
      if (result.payloadStatus.status === 'VALID') return result;
      if (result.payloadStatus.status === 'INVALID') {
        throw executionError(
          'EXECUTION_CLIENT_FAILED',
          `the client refuses its head: ${result.payloadStatus.validationError ?? 'INVALID'}`,
        );
      }
      await pause(RETRY_MS);
    }
    throw syncing(`block ${toHex(hash)}`);
  }

  function withdrawalsOf(bytes: Uint8Array): PayloadAttributes['withdrawals'] {
    const { withdrawals = [] } = decodeBlock(bytes);
    return withdrawals.map(({ index, address, amount }) => ({ index, address, gwei: amount }));
  }

  /** Gives the client the blocks that this node holds and it lacks. */
  async function catchUp(): Promise<void> {
    const theirs = Number(await rpc.call<Hex>('eth_blockNumber'));
    for (let number = theirs + 1; number <= head.number; number++) {
      const bytes = blockAt(number);
      const { hash, parentBeaconBlockRoot = new Uint8Array(32) } = decodeHeader(bytes);
      await execute(payloadOf(bytes, withdrawalsOf(bytes)), parentBeaconBlockRoot);
      await follow(hash);
    }
    // A client that is a block ahead saw one that this node had not written yet: final all the same, and on its way here again.
    if (theirs <= head.number && head.number > 0) await follow(head.hash);
  }

  await requireClient(rpc, genesis, genesisBlockHash);
  await catchUp();
  head = headAt(stored, await externalStakeRequests(questions, stored));

  /** The gas for code is bounded by the chain, of which a client knows nothing: it gets no more than a block may hold. */
  async function giveTransactions(raws: readonly Uint8Array[]): Promise<void> {
    let codeGas = [...given.values()].reduce((sum, gas) => sum + gas, 0n);
    for (const raw of raws) {
      const { hash, gasLimit, intrinsicGas } = decodeTransaction(raw, context.chainId);
      const gas = gasLimit - intrinsicGas;
      if (given.has(toHex(hash)) || codeGas + gas > context.executionGasLimit) continue;
      try {
        await rpc.call('eth_sendRawTransaction', toHex(raw));
        given.set(toHex(hash), gas);
        codeGas += gas;
      } catch (error) {
        if (!isPolError(error) || error.code !== 'EXECUTION_CLIENT_FAILED') throw error;
        log.debug({ transaction: toHex(hash), reason: error.message }, 'the execution client did not take a transaction');
      }
    }
  }

  function remember(bytes: Uint8Array, parent: ExecutionHead): Payload {
    const header = decodeHeader(bytes);
    const { hash, number, stateRoot } = header;
    const payload = { hash, bytes, number, stateRoot, transactionCount: rawTransactions(bytes).length };
    if (parent !== head) return payload;
    candidates.set(toHex(hash), { payload, head: undefined });
    if (candidates.size > MAX_CANDIDATES) {
      const [oldest] = candidates.keys();
      if (oldest !== undefined) candidates.delete(oldest);
    }
    return payload;
  }

  function known(hash: Hash): Candidate {
    const candidate = candidates.get(toHex(hash));
    if (candidate === undefined) throw executionError('EXECUTION_UNKNOWN_PAYLOAD', `payload ${toHex(hash)}: validate it first`);
    return candidate;
  }

  async function validate(bytes: Uint8Array, attributes: PayloadAttributes): Promise<Payload> {
    const parent = head;
    for (const { payload } of candidates.values()) if (equalBytes(payload.bytes, bytes)) return payload;
    await recovery.prepare(rawTransactions(bytes));
    const { transactions } = checkBlock(context, parent, attributes, bytes);
    const codeGas = transactions.reduce((sum, { gasLimit, intrinsicGas }) => sum + gasLimit - intrinsicGas, 0n);
    if (codeGas > context.executionGasLimit) {
      throw executionError('EXECUTION_INVALID_PAYLOAD', 'invalid execution block: the block has not enough gas left for its code');
    }
    await execute(payloadOf(bytes, attributes.withdrawals), attributes.parentBeaconBlockRoot);
    return remember(bytes, parent);
  }

  const records = createExecutionReader(context, { store, head: () => head });
  return {
    get head() {
      return head;
    },
    genesisBlockHash,

    async build(attributes, transactions) {
      await giveTransactions(transactions);
      const { payloadId } = await follow(head.hash, attributes);
      if (payloadId === null) throw executionError('EXECUTION_CLIENT_FAILED', 'the execution client builds no block: is it synchronised?');
      await pause(BUILD_MS);
      const built = await rpc.call<{ readonly executionPayload: ExecutionPayloadV3 }>('engine_getPayloadV3', payloadId);
      const bytes = blockOfPayload(built.executionPayload, attributes.parentBeaconBlockRoot);
      return { payload: await validate(bytes, attributes), dropped: [] };
    },

    validate,

    async commit(hash) {
      const candidate = known(hash);
      const { payload } = candidate;
      await follow(hash);
      candidate.head = headFrom(payload.bytes, await externalStakeRequests(questions, payload.number));
      const answers =
        payload.transactionCount === 0
          ? []
          : await questions.call<readonly JsonReceipt[]>('eth_getBlockReceipts', toQuantity(payload.number));
      const { baseFeePerGas = 0n, receiptsRoot } = decodeHeader(payload.bytes);
      const transactions = rawTransactions(payload.bytes).map((raw) => decodeTransaction(raw, context.chainId));
      return blockWrites({ ...payload, receipts: receiptsOfJson(answers, { transactions, baseFeePerGas, receiptsRoot }) });
    },

    advance(hash) {
      const { payload, head: next } = known(hash);
      if (next === undefined) throw executionError('EXECUTION_UNKNOWN_PAYLOAD', `payload ${toHex(hash)} was not committed`);
      for (const raw of rawTransactions(payload.bytes)) given.delete(toHex(decodeTransaction(raw, context.chainId).hash));
      head = next;
      candidates.clear();
    },

    adopt() {
      throw executionError(
        'EXECUTION_CLIENT_UNSUPPORTED',
        'a snapshot of the state cannot be put into an external execution client: set snapshot_after_blocks to 0',
      );
    },

    transactionsOf: (bytes) => decodeBlock(bytes).transactions,
    reader: createExternalReader(records, questions, () => head),
  };
}

/** @throws EXECUTION_CLIENT_UNSUPPORTED, EXECUTION_CLIENT_GENESIS */
async function requireClient(rpc: EngineRpc, genesis: Genesis, genesisBlockHash: Hash): Promise<void> {
  if (genesis.training_view !== false) {
    throw executionError(
      'EXECUTION_CLIENT_UNSUPPORTED',
      'this network tells contracts of the training, which no standard execution client can: it takes a network made with --no-training-view',
    );
  }
  const capabilities = await rpc.call<readonly string[]>('engine_exchangeCapabilities', [...NEEDED]);
  const missing = NEEDED.filter((name) => !capabilities.includes(name));
  if (missing.length > 0) {
    throw executionError('EXECUTION_CLIENT_UNSUPPORTED', `the execution client lacks ${missing.join(', ')}: use one that knows Cancun`);
  }
  const theirs = await rpc.call<{ readonly hash: Hex } | null>('eth_getBlockByNumber', '0x0', false);
  if (theirs === null || !equalBytes(fromHex(theirs.hash), genesisBlockHash)) {
    throw executionError(
      'EXECUTION_CLIENT_GENESIS',
      `the execution client's chain begins with ${theirs?.hash ?? 'nothing'}, this network's with ${toHex(genesisBlockHash)}: initialise it with the execution_genesis.json of the network`,
    );
  }
}
