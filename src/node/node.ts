import { mkdir } from 'node:fs/promises';
import { createApiServer } from '../api/server.ts';
import { authoritiesAt } from '../chain/authorities.ts';
import { createBlockStore } from '../chain/block-store.ts';
import { type Chain, createChain, refusal } from '../chain/chain.ts';
import { createConsensusDriver } from '../chain/consensus-driver.ts';
import { createAuthorityDuty } from '../chain/duties/authority.ts';
import { createOwnChains, type HashChains } from '../chain/duties/hash-chains.ts';
import { createOwnOperations } from '../chain/duties/own-operations.ts';
import { createTrainerDuty } from '../chain/duties/trainer.ts';
import { createVoteLog } from '../chain/duties/vote-log.ts';
import { evidenceOf } from '../chain/evidence.ts';
import { createFileWal } from '../chain/file-wal.ts';
import { createHeaderStore } from '../chain/header-store.ts';
import { KEPT_PROTOCOL_STATES_BLOCKS } from '../chain/limits.ts';
import { createModelKeeper } from '../chain/model-keeper.ts';
import { createOperationPool } from '../chain/operation-pool.ts';
import { createPoolKeeper } from '../chain/pool-keeper.ts';
import { createTransactionPool } from '../chain/transaction-pool.ts';
import type { ConsensusMessage } from '../codec/types.ts';
import type { BlockApplication } from '../consensus/types.ts';
import { createSenderRecovery } from '../execution/senders.ts';
import { systemPace } from '../execution/watch.ts';
import { readTokenizerFiles } from '../learning/assets.ts';
import { openOpenings } from '../learning/openings.ts';
import { createUpdateFormat } from '../learning/update-format.ts';
import { createNetwork } from '../network/create-network.ts';
import { authorityAddresses, type Genesis, genesisHash } from '../params/genesis.ts';
import type { NodeConfig } from '../params/node-config.ts';
import { equalBytes, toHex, utf8 } from '../primitives/bytes.ts';
import { systemClock } from '../primitives/clock.ts';
import { type Address, checksumAddress, signerFromPrivateKey } from '../primitives/keys.ts';
import type { Logger } from '../primitives/log.ts';
import type { ProtocolContext } from '../protocol/context.ts';
import { initialProtocolState } from '../protocol/genesis-state.ts';
import { roundLengthBlocks } from '../protocol/limits.ts';
import { createOnion, onionSeed } from '../protocol/onion.ts';
import { createFileBlobStore } from '../store/blobs.ts';
import { openLmdbStore } from '../store/lmdb.ts';
import { lockDataDirectory } from '../store/lock.ts';
import { serveAssets } from '../sync/assets.ts';
import { createBlockSync } from '../sync/block-sync.ts';
import { createModelDownload } from '../sync/model-download.ts';
import { createPeerSource, type PeerSourceOptions } from '../sync/peer-source.ts';
import { serveSync } from '../sync/serve.ts';
import { createSnapshotStore } from '../sync/snapshot-store.ts';
import { createSnapshotSync } from '../sync/snapshot-sync.ts';
import { assetFolders, createAssetFinder, ensureAssets } from './assets.ts';
import { createCompletions } from './completions.ts';
import { openExecution } from './execution.ts';
import { createFailure } from './failure.ts';
import { resolveGenesis } from './genesis-source.ts';
import { createGossip, type Gossip } from './gossip.ts';
import { loadAccountKey, loadApiKeys, loadPeerKey, loadSpendingToken } from './keys.ts';
import { openLanguage } from './language.ts';
import { datasetCacheOf, pathsOf } from './paths.ts';
import type { RunningNode, StartNodeOptions } from './running-node.ts';
import { createServedModels } from './served-models.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';
import { consensusTimeouts } from './timeouts.ts';
import { createTrainingHistory } from './training-history.ts';
import { VERSION } from './version.ts';
import { createNodeView } from './view.ts';
import { createWallet } from './wallet.ts';
import type { LearningWorkerData } from './worker/learning-worker.ts';
import { Niceness, startLearningWorker, startRecoveryWorker } from './worker/services.ts';

type StartLearning = typeof startLearningWorker;
type StartRecovery = typeof startRecoveryWorker;

/** Parts that a test may replace; a node in production uses the defaults. */
export interface NodeDependencies {
  readonly startLearning?: StartLearning;
  readonly startRecovery?: StartRecovery;
}

/**
 * Builds a node from its configuration, bottom up, and starts it. What was started is stopped again, in reverse order,
 * when a later part fails or when the node is stopped.
 * @throws the typed error of the part that cannot start; its message is one line for the user
 */
export async function startNode({ config, log }: StartNodeOptions, dependencies: NodeDependencies = {}): Promise<RunningNode> {
  const shutdown = createShutdown(log);
  try {
    return await assemble(config, log, shutdown, {
      startLearning: startLearningWorker,
      startRecovery: startRecoveryWorker,
      ...dependencies,
    });
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

async function assemble(
  config: NodeConfig,
  log: Logger,
  shutdown: Shutdown,
  { startLearning, startRecovery }: Required<NodeDependencies>,
): Promise<RunningNode> {
  const startedAt = Date.now();
  const failure = createFailure();
  await mkdir(config.data_dir, { recursive: true });
  const lock = await lockDataDirectory(config.data_dir);
  shutdown.add('data directory', lock.release);
  const paths = pathsOf(config);

  // Who we are, and where we belong.
  const privateKey = await loadAccountKey(config);
  const signer = signerFromPrivateKey(privateKey);
  const peerKey = await loadPeerKey(config);
  const genesis = await resolveGenesis(config, privateKey, log);
  const context: ProtocolContext = { genesis, genesisHash: genesisHash(genesis) };
  const isAuthority = mayDecide(genesis, signer.address, config, log);

  // What is on disk.
  const store = await openLmdbStore(paths.store);
  shutdown.add('store', () => store.close());
  const blocks = createBlockStore(store, { keptStates: keptStatesOf(config, genesis) });
  const standing = blocks.requireGenesis(context.genesisHash);
  const blobs = createFileBlobStore(paths.blobs);

  await ensureAssets(config, genesis, log);

  // Learning, execution, and the chain that binds them.
  const { remote: learning, terminate } = await startLearning(
    learningData(config, genesis),
    isAuthority ? Niceness.checking : Niceness.training,
    log.child({ room: 'learning' }),
    failure.report,
  );
  shutdown.add('learning', async () => {
    await learning.close();
    await terminate();
  });
  const openings = await openOpenings({ genesis, directory: paths.learning }, { blobs });
  if (standing === 'new') {
    const { modelRoot, startRoot } = await learning.current();
    await store.write(blocks.initialise(context.genesisHash, initialProtocolState(genesis, context.genesisHash, modelRoot, startRoot)));
  }
  const recoveryThread = await startRecovery(log.child({ room: 'recovery' }), failure.report);
  shutdown.add('recovery of senders', recoveryThread.terminate);
  const recovery = createSenderRecovery({ threads: [recoveryThread.remote.recover], pace: systemPace });
  const execution = await openExecution(config, genesis, { store, recovery, clock: systemClock, log });
  const state = () => chain.state;
  const headers = createHeaderStore({ store, blocks, genesisAuthorities: authorityAddresses(genesis) });
  const authoritiesOf = (height: number) => authoritiesAt(height, chain.state, headers.deciding);
  const operations = createOperationPool({ context, state });
  const transactions = createTransactionPool(
    { chainId: genesis.chain_id },
    { accounts: execution.reader, head: () => execution.head, recovery },
  );
  const poolKeeper = createPoolKeeper({ store, pool: transactions, log });
  await poolKeeper.restore();
  shutdown.add('transaction pool', poolKeeper.save);
  const network = createNetwork(
    {
      host: config.p2p_host,
      port: config.port,
      bootNodes: config.boot_nodes,
      genesisHash: context.genesisHash,
      nodeId: config.node_id,
      peerKey,
      account: signer,
      authorities: () => authoritiesOf(chain.height + 1),
      height: () => chain.height,
    },
    { log },
  );
  const stopping = new AbortController();
  const downloads = { network, clock: systemClock, log: log.child({ room: 'sync' }) };
  const source = createPeerSource(peerSourceOptions(learning.parameters, context), {
    network,
    blobs,
    openings,
    models: createModelDownload({ directory: paths.download, parameters: learning.parameters }, downloads),
    stopping: stopping.signal,
    clock: systemClock,
    log,
  });
  const keeper = createModelKeeper({ learning, source, blocks, state, clock: systemClock, log });
  const chain: Chain = createChain(
    { context, authoritiesAt: authoritiesOf, self: signer.address },
    { store, blocks, execution, operations, transactions, boundary: keeper.oracle, clock: systemClock, log },
  );

  // Consensus and gossip.
  const gossip: Gossip = createGossip({ network, operations, transactions, driver: () => driver, clock: systemClock, log });
  const wal = createFileWal(paths.wal);
  shutdown.add('consensus log', wal.close);
  const driver = createConsensusDriver(
    {
      genesisHash: context.genesisHash,
      authoritiesAt: authoritiesOf,
      self: isAuthority ? signer.address : undefined,
      timeouts: consensusTimeouts,
      blockIntervalMs: genesis.block_interval_ms,
    },
    {
      clock: systemClock,
      signer: isAuthority ? signer : undefined,
      wal,
      application: applicationOf(chain, log),
      broadcast: gossip.sendConsensus,
      log: log.child({ room: 'consensus' }),
      onFailure: failure.report,
      onEvidence(first, second) {
        log.warn({ authority: toHex(authorityOf(first)) }, 'an authority signed two different messages for one place');
        gossip.sendOperation(evidenceOf(first, second, { round: state().open.number, genesisHash: context.genesisHash, signer }));
      },
    },
  );
  const progress = createSnapshotStore(store);
  const snapshots = createSnapshotSync({
    ...downloads,
    store,
    headers,
    genesisHash: context.genesisHash,
    chain,
    progress,
  });
  const sync = createBlockSync({
    network,
    height: () => chain.height,
    commit: chain.commit,
    // An external client cannot be given a state: it executes every block.
    ...(config.snapshot_after_blocks === 0 || config.execution_engine !== undefined
      ? {}
      : { snapshot: { sync: snapshots, afterBlocks: config.snapshot_after_blocks } }),
    async imported(height) {
      keeper.follow();
      await driver.startAfter(height);
    },
    clock: systemClock,
    log,
  });
  serveSync({
    network,
    headers: { get: (height) => (height > chain.height ? undefined : headers.get(height)), deciding: headers.deciding },
    finalBlock: (height) => (height > chain.height ? undefined : (blocks.block(height)?.final ?? progress.witness(height))),
    protocolState: blocks.state,
    store,
    blobs,
    learning,
    openings,
    genesisDocument: utf8(JSON.stringify(genesis)),
  });

  serveAssets({ network, find: createAssetFinder(config, genesis) });

  // What this node does in the learning protocol.
  const history = createTrainingHistory();
  const readyRound = () => keeper.readyRound;
  const duty = { learning, signer, state, readyRound, submit: gossip.sendOperation, log };
  const trainer = config.training_enabled
    ? createTrainerDuty(context, { ...duty, clock: systemClock, onRoundTrained: history.trained })
    : undefined;
  const authority = isAuthority
    ? createAuthorityDuty(context, {
        ...duty,
        proofs: source,
        chains: createOwnChains((generation) => hashChainsOf(privateKey, generation)),
        votes: createVoteLog(store),
        clock: systemClock,
      })
    : undefined;
  const own = createOwnOperations(context, { signer, state, send: gossip.sendOperation });
  const tick = () => {
    trainer?.tick();
    authority?.tick();
    own.tick();
  };
  chain.onCommit(({ output }) => {
    if (output.state.heldOut !== undefined) history.heldOut(output.state.heldOut);
    poolKeeper.save().catch((error: unknown) => log.error({ err: error }, 'pooled transactions could not be kept'));
    keeper.follow();
    tick();
    gossip.afterBlock();
  });
  keeper.onReady(tick);

  // What the world sees.
  const submitTransaction = gossip.sendTransaction;
  const wallet = createWallet(
    { chainId: genesis.chain_id },
    { signer, execution, pendingNonce: transactions.nextNonce, submit: submitTransaction },
  );
  const served = createServedModels({ directory: paths.served, kept: config.served_models_kept });
  const completions = createCompletions(config, genesis, config.training_enabled || isAuthority, { learning, served, shutdown, log });
  const view = createNodeView({
    identity: {
      nodeId: config.node_id,
      version: VERSION,
      address: signer.address,
      isAuthority,
      trainingEnabled: config.training_enabled,
      genesis,
      genesisHash: context.genesisHash,
      startedAt,
      backend: learning.backendName,
      parameters: learning.parameters,
    },
    chain,
    blocks,
    execution: execution.reader,
    transactions,
    submitTransaction,
    expectTransactions: transactions.expect,
    network,
    sync,
    wallet,
    operator: { submit: own.submit, candidacy: async (generation) => candidacyOf(privateKey, generation) },
    trainer,
    history,
    completions,
    chatTemplate: (await openLanguage(genesis, assetFolders(config))).chatTemplate,
    tokenizerFiles: await readTokenizerFiles(genesis, assetFolders(config)),
  });
  const apiKeys = await loadApiKeys(config);
  const spendingToken = await loadSpendingToken(config);
  const api = createApiServer(
    {
      host: config.api_host,
      port: config.api_port,
      ...(apiKeys === undefined ? {} : { apiKeys }),
      ...(spendingToken === undefined ? {} : { spendingToken }),
    },
    { view, log: log.child({ room: 'api' }) },
  );

  // Started from the outside in: a port in use is known before anything runs.
  const apiUrl = await api.start();
  shutdown.add('api', api.stop);
  await network.start();
  shutdown.add('network', network.stop);
  shutdown.add('model keeper', async () => {
    stopping.abort(new Error('the node stops'));
    await keeper.stop();
  });
  keeper.follow();
  sync.start();
  shutdown.add('sync', sync.stop);
  await driver.startAfter(chain.height);
  shutdown.add('consensus', driver.stop);
  shutdown.add('duties', async () => {
    await Promise.all([trainer?.stop(), authority?.stop()]);
  });
  log.info({ height: chain.height, address: checksumAddress(signer.address), api: apiUrl, backend: learning.backendName }, 'node is up');
  return { view, apiUrl, failed: failure.happened, stop: shutdown.run };
}

function authorityOf(message: ConsensusMessage): Address {
  return message.kind === 'vote' ? message.vote.authority : message.proposal.authority;
}

/** Authorities of the genesis decide; with is_authority also who was added later, or hopes to be. */
function mayDecide(genesis: Genesis, address: Address, config: NodeConfig, log: Logger): boolean {
  const isFirst = authorityAddresses(genesis).some((authority) => equalBytes(authority, address));
  if (config.is_authority && !isFirst) {
    log.warn(
      { address: checksumAddress(address) },
      'is_authority is set, and this key is not in the genesis’s authority set: it decides once the others have added it',
    );
  }
  return isFirst || config.is_authority;
}

function learningData(config: NodeConfig, genesis: Genesis): LearningWorkerData {
  return {
    service: {
      genesis,
      directory: config.data_dir,
      backend: config.backend,
      threads: config.threads,
      datasetCache: datasetCacheOf(config),
      assets: assetFolders(config),
      keepRounds: config.keep_rounds,
    },
    blobDirectory: pathsOf(config).blobs,
  };
}

/** The chains that this key decides with; they are the same each time. */
function hashChainsOf(privateKey: Uint8Array, generation: number): HashChains {
  const chain = (which: 'public' | 'secret') => createOnion(onionSeed(privateKey, which, generation));
  return { public: chain('public'), secret: chain('secret') };
}

function candidacyOf(privateKey: Uint8Array, generation: number) {
  const chains = hashChainsOf(privateKey, generation);
  return { tip: chains.public.tip, secretTip: chains.secret.tip };
}

/** States that a kept verdict is made of: each round has one more block for those who gather. */
function keptStatesOf({ keep_rounds }: NodeConfig, { rounds }: Genesis): number {
  return Math.max(KEPT_PROTOCOL_STATES_BLOCKS, (keep_rounds + 2) * roundLengthBlocks(1, rounds));
}

function peerSourceOptions(parameters: number, { genesis, genesisHash: hash }: ProtocolContext): PeerSourceOptions {
  const headroomBytes = 1024;
  return {
    maxUpdateBytes: createUpdateFormat(genesis.learning, parameters).byteLength + headroomBytes,
    chainId: genesis.chain_id,
    genesisHash: hash,
  };
}

function applicationOf(chain: Chain, log: Logger): BlockApplication {
  return {
    build: () => chain.build(),
    async validate(block) {
      try {
        await chain.validate(block);
        return true;
      } catch (error) {
        const { height } = block.header;
        // Not the proposer's fault when sync brought the final block meanwhile.
        if (height > chain.height) log.warn({ height, ...refusal(error) }, 'refused a proposed block');
        return false;
      }
    },
    commit: chain.commit,
  };
}
