import { type Block, createBlock, createBlockFromRLP, paramsBlock } from '@ethereumjs/block';
import { type Common, createCommonFromGethGenesis, type GethGenesis, type Hardfork, parseGethGenesisState } from '@ethereumjs/common';
import { paramsEVM } from '@ethereumjs/evm';
import { RLP } from '@ethereumjs/rlp';
import { paramsTx } from '@ethereumjs/tx';
import { Account, createAddressFromString, KECCAK256_RLP } from '@ethereumjs/util';
import { paramsVM, runBlock } from '@ethereumjs/vm';
import { fromHex, toHex } from '../../primitives/bytes.ts';
import type { KeyValueStore } from '../../store/kv.ts';
import { createMemoryStore } from '../../store/memory.ts';
import { candidateOf, headOf } from '../candidate.ts';
import { executionCrypto } from '../crypto.ts';
import type { ExecutionHead, ExecutionReader } from '../engine.ts';
import { type ChainContext, createMachine } from '../machine.ts';
import { reachableWrites } from '../reachable.ts';
import { createExecutionReader } from '../reader.ts';
import { type ReceiptBody, receiptOf } from '../receipts.ts';
import { headersByNumber } from '../records.ts';
import { createTrieDatabase, openState } from '../trie-database.ts';

/**
 * A chain of Ethereum's own: genesis and blocks as geth writes them, across all its forks. It is executed and stored by this
 * layer's code, without consensus seals, so that the reader can be held against Ethereum's published answers.
 */
export interface EthereumChain {
  readonly reader: ExecutionReader;
  readonly store: KeyValueStore;
  readonly context: ChainContext;
  readonly head: ExecutionHead;
}

/**
 * EthereumJS wants KZG at hand for any blob transaction. Blocks carry no blobs, only their hashes, so it is never used; and the
 * one library for it needs 17 seconds to read its trusted setup.
 */
const noKzg = new Proxy({} as NonNullable<Common['customCrypto']['kzg']>, {
  get: (_, name) => () => {
    throw new Error(`no block of the chain needs KZG, and ${String(name)} was called`);
  },
});

/** The rules of each block's fork, as EthereumJS reads them from geth's genesis. */
function createForkedRules(genesis: GethGenesis) {
  const { blobSchedule, ...config } = genesis.config;
  const byFork = new Map<string, Common>();
  function rulesOf(hardfork?: string): Common {
    const rules = createCommonFromGethGenesis(
      { ...genesis, config },
      {
        chain: 'ethereum',
        customCrypto: { ...executionCrypto, kzg: noKzg },
        ...(hardfork === undefined ? {} : { hardfork: hardfork as Hardfork }),
      },
    );
    for (const params of [paramsTx, paramsBlock, paramsEVM, paramsVM]) rules.updateParams(params);
    return rules;
  }
  const newest = rulesOf();
  function rulesAt({ number, timestamp }: { readonly number: number; readonly timestamp: number }): Common {
    const fork = newest.getHardforkBy({ blockNumber: BigInt(number), timestamp: BigInt(timestamp) });
    const rules = byFork.get(fork) ?? rulesOf(fork);
    if (!byFork.has(fork)) checkBlobSchedule(fork, rules, blobSchedule?.[fork as keyof typeof blobSchedule]);
    byFork.set(fork, rules);
    return rules;
  }
  return { newest, rulesAt };
}

/** EthereumJS reads a schedule of blobs wrongly from Osaka on, but knows Mainnet's itself: that must be the one wanted. */
function checkBlobSchedule(
  fork: string,
  rules: Common,
  wanted: { readonly target?: number; readonly max?: number; readonly baseFeeUpdateFraction?: number } | undefined,
): void {
  if (wanted === undefined) return;
  const { targetBlobGasPerBlock, maxBlobGasPerBlock, blobGasPriceUpdateFraction } = rules.getBlobGasSchedule();
  const perBlob = rules.param('blobGasPerBlob');
  const known = [targetBlobGasPerBlock / perBlob, maxBlobGasPerBlock / perBlob, blobGasPriceUpdateFraction];
  if (known.join() !== [wanted.target, wanted.max, wanted.baseFeeUpdateFraction].join()) {
    throw new RangeError(`${fork} has another blob schedule than Mainnet`);
  }
}

async function createGenesis(genesis: GethGenesis, rules: Common) {
  const { database, written } = createTrieDatabase({ get: () => undefined });
  const state = openState(rules, database, KECCAK256_RLP);
  await state.checkpoint();
  for (const [address, entry] of Object.entries(parseGethGenesisState(genesis))) {
    const [balance, code, storage, nonce] = Array.isArray(entry) ? entry : [entry, '0x', [], '0x0'];
    const account = createAddressFromString(address);
    await state.putAccount(account, new Account(BigInt(nonce ?? 0), BigInt(balance)));
    if (code !== undefined && code !== '0x') await state.putCode(account, fromHex(code));
    for (const [slot, value] of storage ?? []) await state.putStorage(account, word(slot), word(value));
  }
  const stateRoot = await state.getStateRoot();
  await state.commit();
  const { gasLimit, difficulty, extraData, nonce, mixHash, coinbase, timestamp } = genesis;
  const header = {
    number: 0n,
    stateRoot,
    gasLimit,
    difficulty,
    timestamp,
    mixHash,
    coinbase,
    extraData,
    nonce: `0x${BigInt(nonce).toString(16).padStart(16, '0')}`,
  };
  const block = createBlock({ header: header as never }, { common: rules });
  return { block, written };
}

const word = (hex: string): Uint8Array => fromHex(`0x${hex.replace(/^0x/, '').padStart(64, '0')}`);

/** @throws when a block does not lead to the roots that its header states */
export async function importEthereumChain(files: { readonly genesis: GethGenesis; readonly blocks: Uint8Array }): Promise<EthereumChain> {
  const store = createMemoryStore();
  const { newest, rulesAt } = createForkedRules(files.genesis);
  let head: ExecutionHead;
  const context: ChainContext = {
    rules: newest,
    rulesAt,
    hasBlobs: true,
    precompiles: [],
    chainId: Number(files.genesis.config.chainId),
    gasLimit: BigInt(files.genesis.gasLimit),
    executionGasLimit: BigInt(files.genesis.gasLimit),
    blockHash: (number) => (number > head.number ? undefined : headersByNumber.get(store, number)?.hash),
  };

  async function append(block: Block, receipts: readonly ReceiptBody[], written: ReadonlyMap<string, Uint8Array>) {
    const candidate = candidateOf(block.header, block.serialize(), receipts, reachableWrites(written, block.header.stateRoot));
    await store.write(candidate.writes);
    head = candidate.head;
  }

  const genesis = await createGenesis(files.genesis, rulesAt({ number: 0, timestamp: Number(files.genesis.timestamp) }));
  head = headOf(genesis.block.header);
  await append(genesis.block, [], genesis.written);

  let rest = files.blocks;
  while (rest.length > 0) {
    const { data, remainder } = RLP.decode(rest, true);
    rest = remainder;
    const [items] = data as unknown as readonly Uint8Array[][];
    const place = { number: Number(integer(items?.[8])), timestamp: Number(integer(items?.[11])) };
    const rules = rulesAt(place);
    const block = createBlockFromRLP(RLP.encode(data), { common: rules });
    const { database, written } = createTrieDatabase(store);
    const machine = await createMachine(context, openState(rules, database, head.stateRoot), { rules });
    const { results } = await runBlock(machine, { block, skipHeaderValidation: true });
    let firstLogIndex = 0;
    const receipts: ReceiptBody[] = [];
    for (const [index, transaction] of block.transactions.entries()) {
      const result = results[index];
      if (result === undefined) throw new RangeError('a transaction has no result');
      receipts.push(receiptOf(transaction, result, { baseFeePerGas: block.header.baseFeePerGas ?? 0n, firstLogIndex }));
      firstLogIndex += result.receipt.logs.length;
    }
    await append(block, receipts, written);
  }
  const reader = createExecutionReader(context, { store, head: () => head });
  return { reader, store, context, head };
}

function integer(bytes: Uint8Array | undefined): bigint {
  return bytes === undefined || bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}
