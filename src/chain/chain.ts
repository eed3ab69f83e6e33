import { authoritySetHash } from '../codec/authority-set.ts';
import { bodyHash, bodyMatchesHeader, headerHash } from '../codec/blocks.ts';
import { verifyCertificate } from '../codec/certificate.ts';
import { verifySignedOperation } from '../codec/operations.ts';
import type { Block, Boundary, FinalBlock, Header } from '../codec/types.ts';
import type { ExecutionEngine, PayloadAttributes } from '../execution/engine.ts';
import { readSealedPayload } from '../execution/sealed-payload.ts';
import type { BoundaryInput, BoundaryRoots, UpdateReference } from '../learning/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import { createSignal } from '../primitives/events.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address, SignatureCheck } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import { applyBlock } from '../protocol/apply.ts';
import { nextAuthorities } from '../protocol/authority-set.ts';
import type { ProtocolContext } from '../protocol/context.ts';
import { protocolRoot } from '../protocol/state-codec.ts';
import type { ProtocolOutput, ProtocolState } from '../protocol/types.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { addressesOf } from './authorities.ts';
import type { BlockRecord, BlockStore } from './block-store.ts';
import { acceptedReferences, sealedReferences } from './boundary-input.ts';
import { chainError } from './errors.ts';
import { MAX_CLOCK_DRIFT_S } from './limits.ts';
import { createMutex } from './mutex.ts';
import type { OperationPool } from './operation-pool.ts';
import { stakeInput } from './stake-requests.ts';
import { trainingWrites } from './training-writes.ts';
import type { TransactionPool } from './transaction-pool.ts';

/** What the chain asks of the learning engine when it builds or judges a boundary block. */
export interface BoundaryOracle {
  /** Of these updates, the ones held here and well-formed; waits a moment for those still on their way. */
  available(updates: readonly UpdateReference[]): Promise<readonly UpdateReference[]>;
  roots(input: BoundaryInput): Promise<BoundaryRoots>;
}

/** The head and how it moves: builds candidates, judges them, applies final blocks in one atomic batch each. */
export interface Chain {
  readonly height: number;
  readonly headHash: Hash;
  readonly headHeader: Header | undefined;
  readonly state: ProtocolState;
  build(): Promise<Block>;
  /** @throws CHAIN_INVALID_BLOCK, PROTOCOL_*, EXECUTION_* naming the broken rule */
  validate(block: Block): Promise<void>;
  /** Applies the block after the head, or returns at once when the height is final already. */
  commit(final: FinalBlock): Promise<void>;
  /**
   * Moves the head to a final block whose execution state was downloaded, without the blocks between; in one batch with `also`.
   * @throws CERTIFICATE_*, CHAIN_INVALID_BLOCK, EXECUTION_* when a part is not the certified one
   */
  adopt(snapshot: ChainSnapshot, also: readonly Write[]): Promise<void>;
  onCommit(listener: (committed: { readonly final: FinalBlock; readonly output: ProtocolOutput }) => void): () => void;
}

/** What a chain can go on from, beside the execution state at this block. */
export interface ChainSnapshot {
  readonly final: FinalBlock;
  /** After the block. */
  readonly state: ProtocolState;
  /** EIP-4895 index of the next withdrawal. */
  readonly nextWithdrawal: bigint;
  /** Execution hashes of the blocks before it, for BLOCKHASH. */
  readonly ancestors: readonly { readonly number: number; readonly hash: Hash }[];
}

export interface ChainOptions {
  readonly context: ProtocolContext;
  /** Who decides on the block of a height. */
  readonly authoritiesAt: (height: number) => readonly Address[];
  /** Fee recipient and proposer of the blocks built here. */
  readonly self: Address;
}

export interface ChainDependencies {
  readonly store: KeyValueStore;
  readonly blocks: BlockStore;
  readonly execution: Omit<ExecutionEngine, 'genesisBlockHash' | 'reader'>;
  readonly operations: OperationPool;
  readonly transactions: TransactionPool;
  readonly boundary: BoundaryOracle;
  readonly clock: Clock;
  readonly log: Logger;
  /** secp256k1 unless a simulation brings a faster check. */
  readonly isSignedBy?: SignatureCheck | undefined;
}

interface Head {
  readonly height: number;
  readonly hash: Hash;
  readonly header: Header | undefined;
  readonly state: ProtocolState;
  readonly nextWithdrawal: bigint;
}

/** A judged candidate: what committing it needs. */
interface Candidate {
  readonly output: ProtocolOutput;
  readonly attributes: PayloadAttributes;
  readonly nextWithdrawal: bigint;
}

/** The head as the store holds it. @throws CHAIN_CORRUPT */
export function loadHead(blocks: BlockStore, genesisHash: Hash): Head {
  const height = blocks.headHeight();
  const state = blocks.state(height);
  if (state === undefined)
    throw chainError('CHAIN_CORRUPT', `the protocol state of height ${height} is missing: restore the data directory`);
  if (height === 0) return { height, hash: genesisHash, header: undefined, state, nextWithdrawal: 0n };
  const record = blocks.block(height);
  if (record === undefined) throw chainError('CHAIN_CORRUPT', `block ${height} is missing: restore the data directory`);
  const { block } = record.final;
  return { height, hash: headerHash(block.header), header: block.header, state, nextWithdrawal: record.nextWithdrawal };
}

export function createChain(options: ChainOptions, dependencies: ChainDependencies): Chain {
  const { context, authoritiesAt, self } = options;
  const { store, blocks, execution, operations, transactions, boundary, clock, log, isSignedBy } = dependencies;
  const committed = createSignal<{ final: FinalBlock; output: ProtocolOutput }>((error) =>
    log.error({ err: error }, 'a listener of new blocks failed'),
  );
  const serial = createMutex();
  let head = loadHead(blocks, context.genesisHash);
  if (execution.head.number !== head.height) {
    throw chainError(
      'CHAIN_CORRUPT',
      `the chain is at height ${head.height} and its execution layer at ${execution.head.number}: restore the data directory`,
    );
  }
  /** Judged candidates for the next height, by block hash. */
  const candidates = new Map<string, Candidate>();

  function attributesOf(output: ProtocolOutput, timestamp: number, feeRecipient: Address): PayloadAttributes {
    return {
      timestamp,
      prevRandao: output.state.beacon,
      feeRecipient,
      withdrawals: output.withdrawals.map((withdrawal, i) => ({ ...withdrawal, index: head.nextWithdrawal + BigInt(i) })),
      parentBeaconBlockRoot: head.hash,
      ...(context.genesis.training_view === false ? {} : { systemWrites: trainingWrites(head.state, output) }),
    };
  }

  function remember(block: Block, output: ProtocolOutput, attributes: PayloadAttributes): Candidate {
    const candidate = {
      output,
      attributes,
      nextWithdrawal: head.nextWithdrawal + BigInt(output.withdrawals.length),
    };
    candidates.set(toHex(headerHash(block.header)), candidate);
    return candidate;
  }

  async function proposeBoundary(): Promise<Boundary | undefined> {
    const { state } = head;
    if (head.height + 1 !== state.open.sealsAt) return undefined;
    const sealed = await boundary.available(sealedReferences(state.open.proofs));
    const roots = await boundary.roots({ round: state.open.number, accepted: acceptedReferences(state, context), sealed });
    return { sealed: sealed.map((reference) => reference.trainer), ...roots, authorities: nextAuthorities(state) };
  }

  async function build(): Promise<Block> {
    const height = head.height + 1;
    const proposed = await proposeBoundary();
    // An operation can change what a boundary settles (a late vote), and its roots are computed: a boundary block carries none.
    const selected = proposed === undefined ? operations.select(head.state) : [];
    const output = applyBlock(
      head.state,
      { height, operations: selected, boundary: proposed, ...stakeInput(execution.head.stakeRequests) },
      context,
    );
    const timestamp = Math.max((head.header?.timestamp ?? context.genesis.timestamp) + 1, Math.floor(clock.now() / 1000));
    const attributes = attributesOf(output, timestamp, self);
    const { payload, dropped } = await execution.build(attributes, await transactions.select());
    if (dropped.length > 0) await transactions.prune([], dropped);
    const header: Header = {
      height,
      timestamp,
      proposer: self,
      parentHash: head.hash,
      executionHash: payload.hash,
      bodyHash: bodyHash(selected, proposed),
      protocolRoot: protocolRoot(output.state),
      nextAuthorities: authoritySetHash(addressesOf(output.state)),
    };
    const block: Block = { header, operations: selected, boundary: proposed, execution: payload.bytes };
    remember(block, output, attributes);
    return block;
  }

  /**
   * Rules 1–6 need no model: what a certificate vouches for stops there. A header judged before stands for itself alone, so
   * the body that comes with it this time is held against it; the execution engine remembers payloads, but not for ever.
   */
  async function judge(block: Block, how: 'candidate' | 'certified'): Promise<Candidate> {
    const { header } = block;
    const require = (holds: boolean, rule: string) => {
      if (!holds) throw chainError('CHAIN_INVALID_BLOCK', `block ${header.height}: ${rule}`);
    };
    const known = candidates.get(toHex(headerHash(header)));
    if (known !== undefined) {
      require(equalBytes(header.bodyHash, bodyHash(block.operations, block.boundary)), 'body does not match the header');
      const payload = await execution.validate(block.execution, known.attributes);
      require(equalBytes(payload.hash, header.executionHash), 'execution hash differs');
      return known;
    }
    // 1. It follows the head.
    require(header.height === head.height + 1 && equalBytes(header.parentHash, head.hash), 'does not follow the head');
    // 2. Its time is after its parent's, and not ahead of the clock.
    require(header.timestamp > (head.header?.timestamp ?? context.genesis.timestamp), 'timestamp is not after its parent’s');
    if (how === 'candidate') {
      require(header.timestamp <= Math.floor(clock.now() / 1000) + MAX_CLOCK_DRIFT_S, 'timestamp is in the future');
    }
    // 3. An authority built it.
    require(authoritiesAt(header.height).some((authority) => equalBytes(authority, header.proposer)), 'proposer is no authority');
    // 4. The header commits to the body, and each operation is signed by its author.
    require(equalBytes(header.bodyHash, bodyHash(block.operations, block.boundary)), 'body does not match the header');
    if (how === 'candidate') {
      for (const signed of block.operations)
        require(verifySignedOperation(signed, context.genesisHash, isSignedBy), 'an operation is forged');
    }
    require(block.boundary === undefined || block.operations.length === 0, 'a boundary block carries operations');
    // 5. The protocol accepts the operations and arrives at the stated state.
    const { operations: carried, boundary: stated } = block;
    const input = { height: header.height, operations: carried, boundary: stated, ...stakeInput(execution.head.stakeRequests) };
    const output = applyBlock(head.state, input, context);
    require(equalBytes(header.protocolRoot, protocolRoot(output.state)), 'protocol root differs');
    require(equalBytes(header.nextAuthorities, authoritySetHash(addressesOf(output.state))), 'authority set differs');
    // 6. The execution block is valid and carries just the protocol's rewards and beacon.
    const attributes = attributesOf(output, header.timestamp, header.proposer);
    const payload = await execution.validate(block.execution, attributes);
    require(equalBytes(payload.hash, header.executionHash), 'execution hash differs');
    // 7. A boundary's updates are held here, and its models are the ones they lead to.
    if (how === 'candidate' && stated !== undefined) {
      const sealed = sealedReferences(head.state.open.proofs).filter((reference) =>
        stated.sealed.some((trainer) => equalBytes(trainer, reference.trainer)),
      );
      require((await boundary.available(sealed)).length === sealed.length, 'a sealed update is not available here');
      const roots = await boundary.roots({ round: head.state.open.number, accepted: acceptedReferences(head.state, context), sealed });
      require(equalBytes(roots.modelRoot, stated.modelRoot), 'model root differs');
      require(equalBytes(roots.startRoot, stated.startRoot), 'start root differs');
    }
    return remember(block, output, attributes);
  }

  /** The hash of a block that a certificate stands over. */
  function requireFinal({ block: { header }, certificate }: FinalBlock): Hash {
    const hash = headerHash(header);
    if (!equalBytes(hash, certificate.blockHash) || certificate.height !== header.height) {
      throw chainError('CHAIN_INVALID_BLOCK', `block ${header.height}: the certificate is another block’s`);
    }
    verifyCertificate(certificate, { genesisHash: context.genesisHash, authorities: authoritiesAt(header.height) }, isSignedBy);
    return hash;
  }

  async function adopt({ final, state, nextWithdrawal, ancestors }: ChainSnapshot, also: readonly Write[]): Promise<void> {
    const { block } = final;
    const { header } = block;
    const { height } = header;
    const require = (holds: boolean, rule: string) => {
      if (!holds) throw chainError('CHAIN_INVALID_BLOCK', `snapshot at ${height}: ${rule}`);
    };
    require(height > head.height, `the head is at ${head.height} already`);
    const hash = requireFinal(final);
    require(bodyMatchesHeader(block), 'body does not match the header');
    require(equalBytes(header.protocolRoot, protocolRoot(state)), 'protocol root differs');
    await readSealedPayload(block.execution, header.executionHash);
    const adopted = execution.adopt(block.execution, ancestors);
    const record: BlockRecord = { final, modelRoot: state.modelRoot, nextWithdrawal };
    await store.write([...adopted.writes, ...blocks.commit(record, state, undefined), ...also]);
    adopted.advance();
    head = { height, hash, header, state, nextWithdrawal };
    candidates.clear();
    operations.prune([]);
    await followHead([]);
  }

  async function followHead(included: ReturnType<ExecutionEngine['transactionsOf']>): Promise<void> {
    try {
      await transactions.prune(included, []);
    } catch (error) {
      // The block is final and applied all the same; what is left in the pool is refused when a block is built.
      log.error({ height: head.height, reason: messageOf(error) }, 'the transaction pool could not follow the head');
    }
  }

  async function commit(final: FinalBlock): Promise<void> {
    const { block } = final;
    const { header } = block;
    if (header.height <= head.height) return;
    if (header.height !== head.height + 1) {
      throw chainError('CHAIN_NOT_NEXT', `block ${header.height} does not follow height ${head.height}`);
    }
    const hash = requireFinal(final);
    const { output, nextWithdrawal } = await judge(block, 'certified');
    const { executionHash } = header;
    const included = execution.transactionsOf(block.execution);
    const record: BlockRecord = { final, modelRoot: output.state.modelRoot, nextWithdrawal };
    await store.write([...(await execution.commit(executionHash)), ...blocks.commit(record, output.state, output.settled)]);
    execution.advance(executionHash);
    head = { height: header.height, hash, header, state: output.state, nextWithdrawal };
    candidates.clear();
    operations.prune(block.operations);
    await followHead(included);
    committed.emit({ final, output });
  }

  return {
    get height() {
      return head.height;
    },
    get headHash() {
      return head.hash;
    },
    get headHeader() {
      return head.header;
    },
    get state() {
      return head.state;
    },
    build: () => serial.run(build),
    validate: (block) => serial.run(async () => void (await judge(block, 'candidate'))),
    commit: (final) => serial.run(() => commit(final)),
    adopt: (snapshot, also) => serial.run(() => adopt(snapshot, also)),
    onCommit: committed.on,
  };
}

/** One line for the log: why a candidate was refused. */
export function refusal(error: unknown): { readonly code: string; readonly reason: string } {
  return { code: isPolError(error) ? error.code : 'UNEXPECTED', reason: messageOf(error) };
}
