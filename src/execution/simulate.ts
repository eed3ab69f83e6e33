import type { Block, BlockHeader, HeaderData } from '@ethereumjs/block';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import type { MerkleStateManager } from '@ethereumjs/statemanager';
import type { TransactionType } from '@ethereumjs/tx';
import { KECCAK256_RLP } from '@ethereumjs/util';
import { Bloom, encodeReceipt, type VM } from '@ethereumjs/vm';
import { toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import { sha256 } from '../primitives/hash.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { storeBeaconRoot } from './beacon-roots.ts';
import { decodeHeader, type HeaderView } from './block-view.ts';
import { feesIn, headerFields, messageParts } from './calls.ts';
import type { CallRequest } from './engine.ts';
import { storeParentHash } from './history-storage.ts';
import { MAX_CALL_GAS, MAX_INIT_CODE_BYTES, MAX_SIMULATED_BLOCKS, MAX_SIMULATED_CALLS } from './limits.ts';
import { type ChainContext, createMachine, surroundings } from './machine.ts';
import { applyMessage, BLOB_GAS, type Outcome } from './message.ts';
import { type AccountOverride, applyStateOverrides, type BlockOverrides, overriddenHeader } from './overrides.ts';
import { createLogCollector, type SimulatedLog } from './simulated-logs.ts';
import { simulationError } from './simulation-errors.ts';
import { attachTracer } from './tracers/tracer.ts';
import type { TransactionView } from './transaction-view.ts';
import { createTrieDatabase, openState } from './trie-database.ts';
import { unsignedTransaction } from './unsigned-transaction.ts';
import type { Watch } from './watch.ts';

/** What eth_simulateV1 asks: blocks after one, each with what to pretend and the calls to make in it. */
export interface Simulation {
  readonly blocks: readonly {
    readonly block?: BlockOverrides;
    readonly state?: readonly AccountOverride[];
    readonly calls: readonly CallRequest[];
  }[];
  /** Transfers of coins stand among the logs. */
  readonly traceTransfers: boolean;
  /** Nonces and fees are checked as in a block. */
  readonly validation: boolean;
}

export interface SimulatedBlock {
  readonly header: HeaderView;
  readonly transactions: readonly TransactionView[];
  readonly calls: readonly SimulatedCall[];
  /** Bytes of the encoded block. */
  readonly size: number;
}

export interface SimulatedCall extends Pick<Outcome, 'returnData' | 'gasUsed' | 'maxUsedGas' | 'failure'> {
  readonly logs: readonly SimulatedLog[];
}

interface SimulationEnvironment {
  readonly context: ChainContext;
  readonly store: KeyValueStore;
  readonly header: BlockHeader;
  readonly watch: Watch;
}

/** Seconds between blocks that name no time: Ethereum's, as go-ethereum has it. */
const DEFAULT_INTERVAL_S = 12n;
const MAX_NONCE = 2n ** 64n - 1n;
const EMPTY_REQUESTS_HASH = sha256(new Uint8Array(0));

type Planned = Simulation['blocks'][number] & { readonly number: bigint; readonly time: bigint };

/**
 * Makes blocks on a block's state and forgets them. A call that fails is told as failed; a call that no block could hold
 * ends the simulation.
 * @throws EXECUTION_SIMULATION_*, EXECUTION_OVERRIDE_INVALID, EXECUTION_TIMEOUT
 */
export async function simulate(environment: SimulationEnvironment, simulation: Simulation): Promise<readonly SimulatedBlock[]> {
  const { context, store, header: base } = environment;
  const planned = plan(base, simulation);
  const { database } = createTrieDatabase(store);
  const baseRules = context.rulesAt({ number: Number(base.number), timestamp: Number(base.timestamp) });
  const state = openState(baseRules, database, base.stateRoot);
  const results: SimulatedBlock[] = [];
  const gas = { left: MAX_CALL_GAS };
  let parent = base;
  for (const block of planned) {
    const made = await makeBlock(environment, simulation, { state, block, parent, earlier: results, gas });
    results.push(made.simulated);
    parent = made.header;
  }
  return results;
}

/** Fills in numbers and times, and the blocks between. @throws EXECUTION_SIMULATION_* */
function plan(base: BlockHeader, { blocks }: Simulation): readonly Planned[] {
  if (blocks.reduce((sum, { calls }) => sum + calls.length, 0) > MAX_SIMULATED_CALLS) {
    throw simulationError('EXECUTION_SIMULATION_TOO_LARGE', `too many calls: at most ${MAX_SIMULATED_CALLS}`);
  }
  const planned: Planned[] = [];
  let { number, timestamp: time } = base;
  for (const block of blocks) {
    const wanted = block.block?.number ?? number + 1n;
    if (wanted <= number) {
      throw simulationError('EXECUTION_SIMULATION_NUMBER_ORDER', `block numbers must be in order: ${wanted} <= ${number}`);
    }
    if (wanted - base.number > BigInt(MAX_SIMULATED_BLOCKS)) throw simulationError('EXECUTION_SIMULATION_TOO_LARGE', 'too many blocks');
    while (number + 1n < wanted) {
      number += 1n;
      time += DEFAULT_INTERVAL_S;
      planned.push({ number, time, calls: [] });
    }
    const then = block.block?.time ?? time + DEFAULT_INTERVAL_S;
    if (then <= time) throw simulationError('EXECUTION_SIMULATION_TIME_ORDER', `block timestamps must be in order: ${then} <= ${time}`);
    number = wanted;
    time = then;
    planned.push({ ...block, number, time });
  }
  return planned;
}

interface Step {
  readonly state: MerkleStateManager;
  readonly block: Planned;
  readonly parent: BlockHeader;
  readonly earlier: readonly SimulatedBlock[];
  /** What the calls of all blocks may use yet. */
  readonly gas: { left: bigint };
}

async function makeBlock(environment: SimulationEnvironment, simulation: Simulation, step: Step) {
  const { context, watch, header: base } = environment;
  const { block, parent, earlier, state } = step;
  const rules = context.rulesAt({ number: Number(block.number), timestamp: Number(block.time) });
  const fields = headerOf(simulation, step, rules);
  const around = surroundings(rules, fields, block.block?.blobBaseFee);
  const machine = await createMachine(context, state, {
    rules,
    opcodes: watch.opcodes,
    blockHash: (number) => {
      if (BigInt(number) <= base.number) return context.blockHash(number);
      return earlier.find(({ header }) => header.number === number)?.header.hash;
    },
  });
  watch.attach(machine);
  const collector = createLogCollector(simulation);
  attachTracer(machine, collector);

  await applyStateOverrides(machine, block.state ?? []);
  if (rules.isActivatedEIP(2935)) await storeParentHash(machine, { number: Number(block.number), parentHash: parent.hash() });
  if (rules.isActivatedEIP(4788)) {
    await storeBeaconRoot(machine, { timestamp: Number(block.time), parentBeaconBlockRoot: new Uint8Array(32) });
  }

  const transactions: TransactionView[] = [];
  const calls: SimulatedCall[] = [];
  const bloom = new Bloom(undefined, rules);
  const receiptTrie = new MerklePatriciaTrie({ common: rules });
  let gasUsed = 0n;
  let blobGasUsed = 0n;
  for (const [index, request] of block.calls.entries()) {
    const ready = await complete(machine, around, simulation, request, { gasUsed, gas: step.gas });
    const transaction = unsignedTransaction(ready, context.chainId);
    const outcome = await run(machine, around, ready);
    step.gas.left -= outcome.gasUsed;
    gasUsed += outcome.gasUsed;
    blobGasUsed += BigInt(ready.blobVersionedHashes?.length ?? 0) * BLOB_GAS;
    const receiptBloom = new Bloom(undefined, rules);
    for (const [address, topics] of outcome.logs) for (const item of [address, ...topics]) receiptBloom.add(item);
    bloom.or(receiptBloom);
    const receipt = {
      status: outcome.failure === undefined ? (1 as const) : (0 as const),
      cumulativeBlockGasUsed: gasUsed,
      bitvector: receiptBloom.bitvector,
      logs: [...outcome.logs],
    };
    await receiptTrie.put(RLP.encode(index), encodeReceipt(receipt, transaction.type as TransactionType));
    transactions.push(transaction);
    const { returnData, failure, maxUsedGas } = outcome;
    calls.push({ returnData, failure, maxUsedGas, gasUsed: outcome.gasUsed, logs: collector.take() });
  }

  const transactionTrie = new MerklePatriciaTrie({ common: rules });
  for (const [index, { raw }] of transactions.entries()) await transactionTrie.put(RLP.encode(index), raw);
  const { header } = surroundings(rules, {
    ...fields,
    gasUsed,
    ...(rules.isActivatedEIP(4844) ? { blobGasUsed } : {}),
    stateRoot: await state.getStateRoot(),
    logsBloom: bloom.bitvector,
    receiptTrie: receiptTrie.root(),
    transactionsTrie: transactionTrie.root(),
  });
  const raws = transactions.map(({ raw, type }) => (type === 0 ? RLP.decode(raw) : raw));
  const encoded = RLP.encode([header.raw(), raws, [], ...(rules.isActivatedEIP(4895) ? [[]] : [])] as Parameters<typeof RLP.encode>[0]);
  return { header, simulated: { header: decodeHeader(encoded), transactions, calls, size: encoded.length } };
}

function headerOf({ validation }: Simulation, { block, parent }: Step, rules: Block['common']): HeaderData {
  const isFork = parent.baseFeePerGas === undefined;
  const baseFeePerGas = validation && !isFork ? parent.calcNextBaseFee() : 0n;
  const inherited = headerFields(parent);
  return overriddenHeader(
    {
      parentHash: parent.hash(),
      number: block.number,
      timestamp: block.time,
      coinbase: inherited.coinbase,
      difficulty: inherited.difficulty,
      gasLimit: inherited.gasLimit,
      ...(rules.isActivatedEIP(1559) ? { baseFeePerGas } : {}),
      ...(rules.isActivatedEIP(4895) ? { withdrawalsRoot: KECCAK256_RLP } : {}),
      ...(rules.isActivatedEIP(4844)
        ? { blobGasUsed: 0n, excessBlobGas: parent.excessBlobGas === undefined ? 0n : parent.calcNextExcessBlobGas(rules) }
        : {}),
      ...(rules.isActivatedEIP(4788) ? { parentBeaconBlockRoot: new Uint8Array(32) } : {}),
      ...(rules.isActivatedEIP(7685) ? { requestsHash: EMPTY_REQUESTS_HASH } : {}),
    } as HeaderData,
    block.block ?? {},
  );
}

/** The call with everything that it left open; checked as far as a block would. @throws EXECUTION_SIMULATION_* */
async function complete(
  machine: VM,
  { header }: Block,
  { validation }: Simulation,
  request: CallRequest,
  used: { readonly gasUsed: bigint; readonly gas: { readonly left: bigint } },
): Promise<CallRequest & { readonly gas: bigint; readonly nonce: bigint }> {
  const { from } = messageParts(request);
  const known = (await machine.stateManager.getAccount(from))?.nonce ?? 0n;
  const nonce = request.nonce ?? known;
  const wanted = request.gas ?? header.gasLimit - used.gasUsed;
  if (used.gasUsed + wanted > header.gasLimit) {
    throw simulationError('EXECUTION_SIMULATION_BLOCK_GAS', `block gas limit reached: ${used.gasUsed} >= ${header.gasLimit}`);
  }
  const gas = wanted < used.gas.left ? wanted : used.gas.left;
  const ready = { ...request, gas, nonce };
  const { maxFeePerGas = 0n, gasPrice, data, to } = request;
  const supplied = `(supplied gas ${gas})`;
  if (to === undefined && data !== undefined && data.length > MAX_INIT_CODE_BYTES) {
    throw simulationError('EXECUTION_SIMULATION_INIT_CODE', `err: max initcode size exceeded: ${data.length} ${supplied}`);
  }
  if (!validation) return ready;
  const name = toHex(from.bytes);
  if (nonce < known) {
    throw simulationError(
      'EXECUTION_SIMULATION_NONCE_LOW',
      `err: nonce too low: address ${name}, tx: ${nonce} state: ${known} ${supplied}`,
    );
  }
  if (nonce > known) {
    throw simulationError(
      'EXECUTION_SIMULATION_NONCE_HIGH',
      `err: nonce too high: address ${name}, tx: ${nonce} state: ${known} ${supplied}`,
    );
  }
  if (nonce === MAX_NONCE) {
    throw simulationError('EXECUTION_SIMULATION_NONCE_MAX', `err: nonce has max value: address ${name}, nonce: ${nonce} ${supplied}`);
  }
  const offered = gasPrice ?? maxFeePerGas;
  const asked = header.baseFeePerGas ?? 0n;
  if (offered < asked) {
    throw simulationError(
      'EXECUTION_SIMULATION_FEE_LOW',
      `err: max fee per gas less than block base fee: address ${name}, maxFeePerGas: ${offered}, baseFee: ${asked} ${supplied}`,
    );
  }
  return ready;
}

/** @throws EXECUTION_SIMULATION_* in place of what one call alone would throw */
async function run(machine: VM, block: Block, request: CallRequest & { readonly gas: bigint }): Promise<Outcome> {
  try {
    const fees = feesIn(request, block.header.baseFeePerGas ?? 0n);
    return await applyMessage(machine, block, { ...messageParts(request), gas: request.gas, ...fees });
  } catch (error) {
    const supplied = `(supplied gas ${request.gas})`;
    if (isPolError(error, 'EXECUTION_GAS_TOO_LOW')) {
      throw simulationError('EXECUTION_SIMULATION_INTRINSIC_GAS', `err: ${error.message} ${supplied}`, { cause: error });
    }
    if (isPolError(error, 'EXECUTION_INSUFFICIENT_FUNDS')) {
      throw simulationError('EXECUTION_SIMULATION_FUNDS', `err: ${error.message} ${supplied}`, { cause: error });
    }
    if (isPolError(error, 'EXECUTION_FEE_TOO_LOW')) {
      throw simulationError('EXECUTION_SIMULATION_FEE_LOW', `err: ${error.message} ${supplied}`, { cause: error });
    }
    throw error;
  }
}
