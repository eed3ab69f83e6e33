import { authoritiesAt } from '../chain/authorities.ts';
import { createBlockStore } from '../chain/block-store.ts';
import { type Chain, createChain } from '../chain/chain.ts';
import { createConsensusDriver } from '../chain/consensus-driver.ts';
import { createAuthorityDuty } from '../chain/duties/authority.ts';
import { createOwnChains } from '../chain/duties/hash-chains.ts';
import { createTrainerDuty } from '../chain/duties/trainer.ts';
import { createVoteLog } from '../chain/duties/vote-log.ts';
import { evidenceOf } from '../chain/evidence.ts';
import { createFileWal } from '../chain/file-wal.ts';
import { createHeaderStore } from '../chain/header-store.ts';
import { createModelKeeper } from '../chain/model-keeper.ts';
import { createOperationPool } from '../chain/operation-pool.ts';
import { createTransactionPool } from '../chain/transaction-pool.ts';
import { decodeConsensusMessage, encodeConsensusMessage } from '../codec/consensus-messages.ts';
import { encodeSignedOperation } from '../codec/operations.ts';
import type { ConsensusMessage, FinalBlock, SignedOperation } from '../codec/types.ts';
import { placeOf } from '../consensus/intake.ts';
import type { BlockApplication, ConsensusTimeouts } from '../consensus/types.ts';
import type { Network } from '../network/network.ts';
import { createGossip, type Gossip } from '../node/gossip.ts';
import { authorityAddresses } from '../params/genesis.ts';
import { concatBytes, equalBytes, utf8 } from '../primitives/bytes.ts';
import type { Address, Signer } from '../primitives/keys.ts';
import type { Onion } from '../protocol/onion.ts';
import type { ProtocolOutput, ProtocolState } from '../protocol/types.ts';
import { createBlockSync } from '../sync/block-sync.ts';
import type { ModelDownload } from '../sync/model-download.ts';
import { createPeerSource } from '../sync/peer-source.ts';
import { serveSync } from '../sync/serve.ts';
import type { Adversary, AdversaryTools, Corruption } from './adversary.ts';
import { createSimulatedDisk } from './disk.ts';
import { createSimulatedExecution } from './execution.ts';
import { createSimulatedLearning, type LearningMeter, newLearningDisk } from './learning/simulated-learning.ts';
import type { NodeEnvironment, NodePlan, SimulatedNode } from './node.ts';
import { createPeerNetwork, type Wire } from './peer-network.ts';
import { BLOCK_INTERVAL_MS, type World } from './world.ts';

export interface NetworkNodeOptions {
  readonly world: World;
  /** State before the first block. */
  readonly initial: ProtocolState;
  readonly signer: Signer;
  /** Of an authority. */
  readonly onion: Onion | undefined;
  readonly secretOnion: Onion | undefined;
  readonly trains: boolean;
  /** EIP-55 text of each node's account, by index. */
  readonly accounts: readonly string[];
  readonly timeouts: ConsensusTimeouts;
  /** Virtual time of one segment on this machine. */
  readonly segmentMs: number;
  readonly adversary: Adversary | undefined;
  /** Of the run: what an adversary draws at random must not hang on the order of its calls. */
  readonly seed: string;
}

/** What the measurements of a run see. */
export interface NodeObserver {
  onBoot(node: number, height: number): void;
  onCommit(node: number, final: FinalBlock, output: ProtocolOutput): void;
  /** What an honest node signs, before it is sent. */
  onSpoken(node: number, message: ConsensusMessage): void;
  onEvidence(node: number): void;
  /** Consensus of a node stopped itself. */
  onFailure(node: number, error: Error): void;
  /** An adversary made itself another address. */
  onAddress(node: number, address: Address): void;
  note(node: number, what: string, amount: number): void;
}

export interface NetworkNodePlan extends NodePlan<Wire> {
  readonly meter: LearningMeter;
  /** Of the present life; undefined while the node is down. */
  readonly chain: Chain | undefined;
}

/** Simulated gossip has no memory of messages to get around (node/gossip.ts), and equal runs must send equal bytes. */
const NO_SALT = new Uint8Array(8);
const PEER_SOURCE_LIMITS = { maxUpdateBytes: 1_024 };
/** Simulated models are in no files: a node that fell behind takes over none. */
const NO_MODELS: ModelDownload = { fetch: async () => undefined, discard: async () => {} };

/** One whole node: node/node.ts with simulated disk, network, learning and execution in the place of the real ones. */
export function networkNode(options: NetworkNodeOptions, observer: NodeObserver, meter: LearningMeter): NetworkNodePlan {
  const { world, adversary } = options;
  const { context } = world;
  const disk = createSimulatedDisk();
  const memory = new Map<string, unknown>([['seed', options.seed]]);
  let current: Chain | undefined;

  // The installation: before the node's first start, and at no cost.
  void disk.format(createBlockStore(disk.store({ now: () => 0, after: () => () => {} })).initialise(context.genesisHash, options.initial));

  return {
    honest: adversary === undefined,
    meter,
    get chain() {
      return current;
    },
    crash(random) {
      disk.crash(random);
      current = undefined;
    },
    boot(environment) {
      const { node, chain } = assemble(options, environment, { disk, memory, observer, meter });
      current = chain;
      return node;
    },
  };
}

interface Parts {
  readonly disk: ReturnType<typeof createSimulatedDisk>;
  readonly memory: Map<string, unknown>;
  readonly observer: NodeObserver;
  readonly meter: LearningMeter;
}

function assemble(
  options: NetworkNodeOptions,
  environment: NodeEnvironment<Wire>,
  { disk, memory, observer, meter }: Parts,
): { readonly node: SimulatedNode<Wire>; readonly chain: Chain | undefined } {
  const { world, signer, onion, secretOnion, adversary, segmentMs } = options;
  const { context, isSignedBy } = world;
  const { genesis, genesisHash } = context;
  const { index, size, clock, random, log } = environment;
  const isAuthority = onion !== undefined;

  const store = disk.store(clock);
  const { blobs } = disk;
  const blocks = createBlockStore(store);
  blocks.requireGenesis(genesisHash);
  const peerNetwork = createPeerNetwork({ accounts: options.accounts, height: () => chain.height }, environment);
  const whisper = (message: ConsensusMessage, to: readonly number[]) => {
    const bytes = encodeConsensusMessage(message);
    for (const node of to) environment.send(node, { type: 'direct', bytes });
  };
  const tools: AdversaryTools = {
    signer,
    context,
    clock,
    random,
    network: peerNetwork,
    blobs,
    learning: () => honestLearning,
    chain: () => chain,
    state: () => chain.state,
    readyRound: () => keeper.readyRound,
    publish(signed) {
      operations.add(signed);
      void peerNetwork.publish('operations', concatBytes(NO_SALT, encodeSignedOperation(signed)));
    },
    whisper,
    signerNamed(name) {
      const made = world.signerNamed(`${index} ${name}`);
      observer.onAddress(index, made.address);
      return made;
    },
    trainerFor: (other) => trainerDuty(other),
    note: (what, amount) => observer.note(index, what, amount),
    index,
    size,
    memory,
  };
  const corruption: Corruption = adversary?.corrupt(tools) ?? {};
  if (corruption.dead === true) return { node: { receive() {} }, chain: undefined };

  // Learning, execution, and the chain that binds them.
  const honestLearning = createSimulatedLearning(
    { context, segmentMs, ...(corruption.training === undefined ? {} : { policy: corruption.training }) },
    { disk: disk.room('learning', newLearningDisk), blobs, clock, meter },
  );
  const idle = { ...honestLearning, train: async () => {}, finishTraining: async () => undefined };
  const learning = corruption.learning?.(honestLearning) ?? (corruption.withoutTraining === true ? idle : honestLearning);
  const execution = createSimulatedExecution(store, genesisHash);
  const state = () => chain.state;
  const headers = createHeaderStore({ store, blocks, genesisAuthorities: authorityAddresses(genesis) });
  const authoritiesOf = (height: number) => authoritiesAt(height, chain.state, headers.deciding);
  const operations = createOperationPool({ context, state, isSignedBy });
  const transactions = createTransactionPool(
    { chainId: genesis.chain_id },
    { accounts: { balance: async (address) => execution.balance(address), nonce: async () => 0n }, head: () => execution.head },
  );
  const network = served(peerNetwork, corruption);
  const source = createPeerSource(
    { ...PEER_SOURCE_LIMITS, chainId: genesis.chain_id, genesisHash },
    {
      network,
      blobs,
      openings: honestLearning,
      models: NO_MODELS,
      stopping: new AbortController().signal,
      clock,
      log,
    },
  );
  const keeper = createModelKeeper({ learning, source, blocks, state, clock, log });
  const chain: Chain = createChain(
    { context, authoritiesAt: authoritiesOf, self: signer.address },
    { store, blocks, execution, operations, transactions, boundary: keeper.oracle, clock, log, isSignedBy },
  );

  // Consensus and gossip.
  const gossip: Gossip = createGossip({
    network,
    operations,
    transactions,
    driver: () => driver,
    clock,
    log,
    random: () => NO_SALT,
  });
  const speak = corruption.speak;
  const driver = createConsensusDriver(
    {
      genesisHash,
      authoritiesAt: authoritiesOf,
      self: isAuthority ? signer.address : undefined,
      timeouts: options.timeouts,
      blockIntervalMs: BLOCK_INTERVAL_MS,
    },
    {
      clock,
      signer: isAuthority ? signer : undefined,
      wal: createFileWal('consensus.wal', disk.files(clock)),
      application: applicationOf(chain, corruption),
      broadcast(message) {
        // What is repeated of others' is theirs.
        if (adversary === undefined && equalBytes(placeOf(message).authority, signer.address)) observer.onSpoken(index, message);
        if (speak === undefined) gossip.sendConsensus(message);
        else speak(message, gossip.sendConsensus);
      },
      log,
      isSignedBy,
      onEvidence(first, second) {
        observer.onEvidence(index);
        if (adversary === undefined) gossip.sendOperation(evidenceOf(first, second, { round: state().open.number, genesisHash, signer }));
      },
      onFailure: (error) => observer.onFailure(index, error),
    },
  );
  const sync = createBlockSync({
    network,
    height: () => chain.height,
    commit: chain.commit,
    imported: (height) => driver.startAfter(height),
    clock,
    log,
  });
  serveSync({
    network,
    headers: { get: (height) => (height > chain.height ? undefined : headers.get(height)), deciding: headers.deciding },
    protocolState: blocks.state,
    store,
    finalBlock: (height) => blocks.block(height)?.final,
    blobs,
    learning: honestLearning,
    openings: honestLearning,
    genesisDocument: utf8('simulated'),
  });

  // What this node does in the learning protocol.
  const readyRound = () => keeper.readyRound;
  const submit = (signed: SignedOperation) => {
    if (corruption.submit === undefined) gossip.sendOperation(signed);
    else corruption.submit(signed, gossip.sendOperation);
  };
  const duty = { learning, state, readyRound, submit, log };
  const trainerDuty = (as: Signer) => createTrainerDuty(context, { ...duty, signer: as, clock, onRoundTrained() {} });
  const trainer = options.trains && corruption.withoutTrainerDuty !== true ? trainerDuty(signer) : undefined;
  const authority =
    onion === undefined || secretOnion === undefined
      ? undefined
      : createAuthorityDuty(context, {
          ...duty,
          signer,
          proofs: source,
          // No run is long enough for a renewal.
          chains: createOwnChains((generation) => (generation === 0 ? { public: onion, secret: secretOnion } : undefined)),
          votes: createVoteLog(store),
          clock,
        });
  const tick = () => {
    trainer?.tick();
    authority?.tick();
  };
  chain.onCommit(({ final, output }) => {
    observer.onCommit(index, final, output);
    keeper.follow();
    tick();
    gossip.afterBlock();
    corruption.onBlock?.(final);
  });
  keeper.onReady(tick);

  observer.onBoot(index, chain.height);
  void network.start();
  keeper.follow();
  sync.start();
  void driver.startAfter(chain.height);
  return {
    chain,
    node: {
      receive(payload, from) {
        if (payload.type === 'direct' && corruption.overhear !== undefined) overhear(payload.bytes, corruption.overhear);
        peerNetwork.receive(payload, from);
      },
      unreachable: peerNetwork.unreachable,
    },
  };
}

function overhear(bytes: Uint8Array, listener: (message: ConsensusMessage) => void): void {
  let message: ConsensusMessage;
  try {
    message = decodeConsensusMessage(bytes);
  } catch {
    return;
  }
  listener(message);
}

/** The network as the node's servers see it: an adversary may answer in their place. */
function served(network: Network, { serve }: Corruption): Network {
  if (serve === undefined) return network;
  return {
    ...network,
    handle(protocol, handler) {
      network.handle(protocol, (bytes, from) =>
        serve({ protocol, bytes, from: Number(from.slice('node-'.length)) }, () => handler(bytes, from)),
      );
    },
  };
}

function applicationOf(chain: Chain, { onBuilt }: Corruption): BlockApplication {
  return {
    async build() {
      const block = await chain.build();
      onBuilt?.(block);
      return block;
    },
    async validate(block) {
      try {
        await chain.validate(block);
        return true;
      } catch {
        return false;
      }
    },
    commit: chain.commit,
  };
}
