import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlockStore, createBlockStore } from '../../chain/block-store.ts';
import { type Chain, createChain } from '../../chain/chain.ts';
import { createOperationPool } from '../../chain/operation-pool.ts';
import { acceptingVote } from '../../chain/testing/votes.ts';
import { createTransactionPool } from '../../chain/transaction-pool.ts';
import { headerHash } from '../../codec/blocks.ts';
import { signOperation, voteCommitment } from '../../codec/operations.ts';
import type { Block, FinalBlock, Operation, SignedOperation } from '../../codec/types.ts';
import { signVote } from '../../codec/votes.ts';
import type { Dataset } from '../../data/types.ts';
import { createExecutionEngine } from '../../execution/create-engine.ts';
import type { ExecutionEngine } from '../../execution/engine.ts';
import { initCode } from '../../execution/testing/contracts.ts';
import { alice, CHAIN_ID, GENESIS_TIME, signed as signedTransaction, signerOf, testGenesis } from '../../execution/testing/fixture.ts';
import { assembleLearningService } from '../../learning/assemble.ts';
import { littleEndianBytes, vectorRoot } from '../../learning/chunks.ts';
import { learningDirectory, replaceFile } from '../../learning/files.ts';
import { modelRootOf, startRootOf } from '../../learning/model-root.ts';
import type { LearningService, ModelFiles } from '../../learning/types.ts';
import { initialiseWeights } from '../../model/initialise.ts';
import { parameterLayout } from '../../model/layout.ts';
import { createTrainingEngine } from '../../model/training-engine.ts';
import { createReferenceBackend } from '../../numerics/reference.ts';
import { type Genesis, genesisHash } from '../../params/genesis.ts';
import { compareBytes, concatBytes, fromHex, toHex, uint64BE, utf8 } from '../../primitives/bytes.ts';
import { systemClock } from '../../primitives/clock.ts';
import { type Hash, keccak256, taggedHash } from '../../primitives/hash.ts';
import { silentLogger } from '../../primitives/log.ts';
import { applyOperations } from '../../protocol/apply.ts';
import type { ProtocolContext } from '../../protocol/context.ts';
import { initialProtocolState } from '../../protocol/genesis-state.ts';
import { createOnion } from '../../protocol/onion.ts';
import type { ProtocolState } from '../../protocol/types.ts';
import { validateOperation } from '../../protocol/validate-operation.ts';
import type { BlobStore, KeyValueStore } from '../../store/kv.ts';

/**
 * A long chain made fast: four authorities whose keys are known here build, sign and commit block after block with the
 * production code, without waiting for time and without training. Blocks carry transfers to new accounts, writes to a
 * contract's storage, and now and then a round with proofs, votes and rewards.
 */
export interface FabricatedNetwork {
  readonly genesis: Genesis;
  readonly context: ProtocolContext;
  readonly store: KeyValueStore;
  readonly blocks: BlockStore;
  readonly execution: ExecutionEngine;
  readonly chain: Chain;
  /** The settled model at the end, which no genesis leads to. */
  readonly model: ModelFiles;
  /** The next final block. */
  next(): Promise<FinalBlock>;
}

/** Shapes of 0.6 and 10.9 million parameters. */
export const SMALL_SHAPE = { vocab_size: 2048, dim: 128, layers: 2, hidden_dim: 352 };
export const LARGE_SHAPE = { vocab_size: 4096, dim: 256, layers: 10, hidden_dim: 1024 };

const AUTHORITIES = [21, 22, 23, 24]
  .map((n) => ({ signer: signerOf(n), onion: createOnion(uint64BE(n), 4_096), secretOnion: createOnion(uint64BE(1_000 + n), 4_096) }))
  .sort((a, b) => compareBytes(a.signer.address, b.signer.address));
const TRAINERS = [31, 32].map(signerOf);
const PROPOSER = AUTHORITIES[0] as (typeof AUTHORITIES)[number];
/** The last rounds of a fabricated chain are without proofs, so that no update has to be merged that nobody computed. */
const QUIET_BLOCKS = 45;
const TRANSFERS_PER_BLOCK = 2;
/** PUSH0 CALLDATALOAD DUP1 SSTORE: the word given, at the slot of that name. */
const WRITER = initCode(fromHex('0x5f35805500'));

function fabricatedGenesis(shape: Partial<Genesis['model']>): Genesis {
  const base = testGenesis();
  return testGenesis({
    authorities: AUTHORITIES.map(({ signer, onion, secretOnion }) => ({
      address: toHex(signer.address),
      onion_tip: toHex(onion.tip),
      secret_onion_tip: toHex(secretOnion.tip),
    })),
    model: { ...base.model, ...shape },
    rounds: { ...base.rounds, blocks_per_round: 12 },
    rewards: { ...base.rewards, emission_per_round: '10000000000000000000', max_reward_per_token: '1000000000000000000' },
  });
}

/** Pseudo-random values of the size of weights: quick, and the same each time. */
function noise(length: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    values[i] = state / 2 ** 36;
  }
  return values;
}

/** A hash made up for a test. */
export const named = (name: string): Hash => taggedHash('fabricated', utf8(name));

export async function fabricate(
  options: { readonly height: number; readonly directory: string; readonly shape: Partial<Genesis['model']> },
  dependencies: { readonly store: KeyValueStore },
): Promise<FabricatedNetwork> {
  const { store } = dependencies;
  const genesis = fabricatedGenesis(options.shape);
  const context: ProtocolContext = { genesis, genesisHash: genesisHash(genesis) };
  const parameters = parameterLayout(genesis.model).count;

  // The model that all boundaries settle, and the one that the genesis starts from.
  const [weights, momentum] = [noise(parameters, 1), noise(parameters, 2)];
  const model = { weights: join(options.directory, 'weights.f32'), momentum: join(options.directory, 'momentum.f32') };
  await mkdir(options.directory, { recursive: true });
  await replaceFile(model.weights, (file) => file.writeFile(littleEndianBytes(weights)));
  await replaceFile(model.momentum, (file) => file.writeFile(littleEndianBytes(momentum)));
  const settled = { weights: vectorRoot(weights), momentum: vectorRoot(momentum) };
  const roots = { modelRoot: modelRootOf(settled), startRoot: startRootOf(settled) };

  const blocks = createBlockStore(store);
  if (blocks.requireGenesis(context.genesisHash) === 'new') {
    const initial = new Float32Array(parameters);
    initialiseWeights(genesis.model, fromHex(genesis.learning.init_seed, 32), initial);
    const first = { weights: vectorRoot(initial), momentum: vectorRoot(new Float32Array(parameters)) };
    await store.write(
      blocks.initialise(context.genesisHash, initialProtocolState(genesis, context.genesisHash, modelRootOf(first), startRootOf(first))),
    );
  }
  const execution = await createExecutionEngine({ genesis }, { store });
  let nonce = await execution.reader.nonce(alice.address);
  const state = (): ProtocolState => chain.state;
  const operations = createOperationPool({ context, state });
  const transactions = createTransactionPool({ chainId: genesis.chain_id }, { accounts: execution.reader, head: () => execution.head });
  const writer = createdBy(alice.address);

  const chain: Chain = createChain(
    { context, authoritiesAt: () => AUTHORITIES.map(({ signer }) => signer.address), self: PROPOSER.signer.address },
    {
      store,
      blocks,
      execution,
      operations: { ...operations, select: (at) => (options.height - at.height > QUIET_BLOCKS ? learningOf(at, context) : []) },
      transactions: { ...transactions, select: async () => transactionsOf(chain.height + 1), prune: async () => {} },
      boundary: { available: async (updates) => updates, roots: async () => roots },
      clock: { ...systemClock, now: () => (GENESIS_TIME + 1 + chain.height) * 1000 },
      log: silentLogger,
    },
  );

  function transactionsOf(height: number): readonly Uint8Array[] {
    if (nonce === 0n)
      return [signedTransaction(alice, { chainId: CHAIN_ID, nonce: nonce++, to: undefined, value: 0n, data: WRITER, gasLimit: 200_000n })];
    const found: Uint8Array[] = [];
    for (let i = 0; i < TRANSFERS_PER_BLOCK; i++) {
      found.push(signedTransaction(alice, { nonce: nonce++, to: named(`account ${height} ${i}`).slice(0, 20), value: 1n }));
    }
    found.push(signedTransaction(alice, { nonce: nonce++, to: writer, value: 0n, data: named(`slot ${height}`), gasLimit: 100_000n }));
    return found;
  }

  async function next(): Promise<FinalBlock> {
    const final = certify(await chain.build(), context);
    await chain.commit(final);
    return final;
  }

  while (chain.height < options.height) await next();
  return { genesis, context, store, blocks, execution, chain, model, next };
}

/** A block with the precommits of all authorities. */
export function certify(block: Block, context: ProtocolContext): FinalBlock {
  const { height } = block.header;
  const blockHash = headerHash(block.header);
  const signatures = AUTHORITIES.map(({ signer }) => {
    const vote = { type: 'precommit' as const, height, round: 0, blockHash, authority: signer.address };
    return { authority: signer.address, signature: signVote(vote, context.genesisHash, signer).signature };
  });
  return { block, certificate: { height, round: 0, blockHash, signatures } };
}

/** What trainers and authorities would say now: joins, proofs, preimages, and votes that accept. */
function learningOf(state: ProtocolState, context: ProtocolContext): readonly SignedOperation[] {
  const { open, sealed } = state;
  const { genesis } = context;
  const wanted: SignedOperation[] = [];
  const add = (operation: Operation, signer: (typeof TRAINERS)[number]) =>
    wanted.push(signOperation(operation, context.genesisHash, signer));
  for (const trainer of TRAINERS) {
    const { address } = trainer;
    add({ type: 'join', trainer: address, round: open.number }, trainer);
    const tokens = genesis.rounds.steps_per_segment * genesis.learning.batch_size * genesis.model.context_length;
    const hashes = { leavesRoot: named('leaves'), updateHash: named(`${open.number} ${toHex(address)}`) };
    add({ type: 'proof', trainer: address, round: open.number, segments: 1, tokens, ...hashes, updateBytes: 1, loss: 2 }, trainer);
  }
  for (const { signer, onion, secretOnion } of sealed === undefined ? [] : AUTHORITIES) {
    const round = sealed?.number ?? 0;
    const revealed = state.authorities.find((each) => compareBytes(each.address, signer.address) === 0)?.onion;
    const preimage = revealed && onion.preimageOf(revealed);
    if (preimage !== undefined) add({ type: 'reveal', authority: signer.address, round, preimage }, signer);
    const vote = acceptingVote(state, { address: signer.address, secretOnion });
    if (vote === undefined) continue;
    add({ type: 'commit', authority: signer.address, round, commitment: voteCommitment(vote) }, signer);
    add(vote, signer);
  }
  const chosen: SignedOperation[] = [];
  let at = state;
  for (const each of wanted) {
    if (validateOperation(at, each.operation, context).kind !== 'valid') continue;
    at = applyOperations(at, [each], context);
    chosen.push(each);
  }
  return chosen;
}

/** The address of an account's first contract: keccak-256 of RLP([address, 0]). */
function createdBy(address: Uint8Array): Uint8Array {
  return keccak256(concatBytes(Uint8Array.of(0xd6, 0x94), address, Uint8Array.of(0x80))).slice(12);
}

const dataset: Dataset = {
  root: new Uint8Array(32),
  tokenCount: 1_000,
  trainingSequences: 8,
  heldOutSequences: 1,
  readTraining: () => {},
  readHeldOut: () => {},
};

/** A node's learning engine for a fabricated network: all of it but a text to train on. */
export function openLearning(genesis: Genesis, directory: string, blobs: BlobStore): Promise<LearningService> {
  return assembleLearningService({
    genesis,
    directory: learningDirectory(directory),
    dataset,
    backend: createReferenceBackend(),
    confirmingBackend: undefined,
    createEngine: (backend) => createTrainingEngine({ model: genesis.model, learning: genesis.learning }, { backend }),
    blobs,
    clock: systemClock,
    log: silentLogger,
    onFault: () => {},
  });
}
