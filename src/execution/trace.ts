import { createBlockFromRLP } from '@ethereumjs/block';
import type { TypedTransaction } from '@ethereumjs/tx';
import { runTx, type VM } from '@ethereumjs/vm';
import type { Hash } from '../primitives/hash.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { storeBeaconRoot } from './beacon-roots.ts';
import { type CallEnvironment, cappedGas, prepareCall } from './calls.ts';
import type { CallRequest } from './engine.ts';
import { type ChainContext, createMachine } from './machine.ts';
import { applyMessage, failureName } from './message.ts';
import { systemWritesByNumber } from './records.ts';
import { applySystemWrites } from './system-contracts.ts';
import { attachTracer, createTracer, type TraceOptions } from './tracers/tracer.ts';
import { createTrieDatabase, openState } from './trie-database.ts';
import type { Watch } from './watch.ts';

/** A block, and what it was executed on. */
export interface TracedBlock {
  readonly number: number;
  readonly timestamp: number;
  readonly bytes: Uint8Array;
  readonly parentStateRoot: Hash;
}

interface TraceEnvironment {
  readonly context: ChainContext;
  readonly store: KeyValueStore;
  readonly watch: Watch;
}

/**
 * Executes a block's transactions again, and traces those wanted: each on the state that those before it left.
 * @throws EXECUTION_TIMEOUT, EXECUTION_LIMIT
 */
export async function traceTransactions(
  environment: TraceEnvironment,
  traced: TracedBlock,
  options: TraceOptions,
  isWanted: (index: number) => boolean,
): Promise<readonly { readonly transactionHash: Hash; readonly result: unknown }[]> {
  const { context, store, watch } = environment;
  const rules = context.rulesAt(traced);
  const block = createBlockFromRLP(traced.bytes, { common: rules });
  const { database } = createTrieDatabase(store);
  const state = openState(rules, database, traced.parentStateRoot);
  const machine = await createMachine(context, state, { rules, opcodes: watch.opcodes });
  watch.attach(machine);
  const { parentBeaconBlockRoot } = block.header;
  if (parentBeaconBlockRoot !== undefined) await storeBeaconRoot(machine, { timestamp: traced.timestamp, parentBeaconBlockRoot });
  await applySystemWrites(machine, systemWritesByNumber.get(store, traced.number) ?? []);

  const last = block.transactions.findLastIndex((_, index) => isWanted(index));
  const results: { transactionHash: Hash; result: unknown }[] = [];
  let gasUsed = 0n;
  for (const [index, transaction] of block.transactions.slice(0, last + 1).entries()) {
    const run = () => runTx(machine, { tx: transaction, block, blockGasUsed: gasUsed, skipHardForkValidation: true });
    if (!isWanted(index)) {
      gasUsed += (await run()).totalGasSpent;
      continue;
    }
    const before = openState(rules, database, await machine.stateManager.getStateRoot());
    const tracer = createTracer(options, { ...subjectOf(machine, transaction), coinbase: block.header.coinbase.bytes, before });
    const detach = attachTracer(machine, tracer);
    const { execResult, totalGasSpent } = await run();
    detach();
    gasUsed += totalGasSpent;
    const outcome = {
      gasUsed: totalGasSpent,
      failure: failureName(execResult.exceptionError),
      returnData: execResult.returnValue,
    };
    results.push({ transactionHash: transaction.hash(), result: await tracer.result(outcome) });
  }
  return results;
}

/** Traces a message that nobody signed. @throws as `prepareCall` and `traceTransactions` */
export async function traceCall(environment: CallEnvironment, request: CallRequest, options: TraceOptions): Promise<unknown> {
  const { machine, block, message } = await prepareCall(environment, request, cappedGas(request));
  const { stateManager } = machine;
  // The state with its overrides in place: an execution leaves the nodes of a root alone.
  const { database } = createTrieDatabase(environment.store);
  const unchanged = environment.overrides.state === undefined;
  const before = unchanged
    ? openState(machine.common, database, environment.header.stateRoot)
    : ((await prepareCall(environment, request, message.gas)).machine.stateManager as ReturnType<typeof openState>);
  const tracer = createTracer(options, {
    from: message.from.bytes,
    to: message.to?.bytes,
    coinbase: block.header.coinbase.bytes,
    gas: message.gas,
    before,
    state: stateManager,
  });
  const detach = attachTracer(machine, tracer);
  const outcome = await applyMessage(machine, block, message);
  detach();
  return tracer.result(outcome);
}

function subjectOf(machine: VM, transaction: TypedTransaction) {
  return {
    from: transaction.getSenderAddress().bytes,
    to: transaction.to?.bytes,
    gas: transaction.gasLimit,
    state: machine.stateManager,
  };
}
