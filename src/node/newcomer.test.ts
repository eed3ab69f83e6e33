import { mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createHeaderStore } from '../chain/header-store.ts';
import { recoverKeys } from '../execution/crypto.ts';
import { vectorFromBytes, vectorRoot } from '../learning/chunks.ts';
import { modelRootOf } from '../learning/model-root.ts';
import type { LearningService } from '../learning/types.ts';
import { createNetwork, type NodeNetwork } from '../network/create-network.ts';
import type { PeerInfo, RequestProtocol } from '../network/network.ts';
import { generatePeerKey } from '../network/peer-key.ts';
import { authorityAddresses } from '../params/genesis.ts';
import { nodeConfigSchema } from '../params/node-config.ts';
import { toHex, utf8 } from '../primitives/bytes.ts';
import { type Logger, silentLogger } from '../primitives/log.ts';
import { openLmdbStore } from '../store/lmdb.ts';
import { createMemoryStore } from '../store/memory.ts';
import { createMemoryBlobStore } from '../store/memory-blobs.ts';
import { serveSync } from '../sync/serve.ts';
import { type FabricatedNetwork, fabricate, LARGE_SHAPE, named, openLearning, SMALL_SHAPE } from '../sync/testing/fabricate.ts';
import { startNode } from './node.ts';
import type { RunningNode } from './running-node.ts';

/**
 * A real node joins a long chain over real connections. Small here; in full size, with a chain that is made once and kept:
 *
 *   POL_SYNC_HEIGHT=10000 POL_SYNC_MODEL=large POL_SYNC_DIR=/some/where npx vitest run src/node/newcomer.test.ts
 */
const HEIGHT = Number(process.env.POL_SYNC_HEIGHT ?? 300);
const SHAPE = process.env.POL_SYNC_MODEL === 'large' ? LARGE_SHAPE : SMALL_SHAPE;
const KEPT = process.env.POL_SYNC_DIR;
const TINY_DISK = process.env.POL_TINY_DISK;
const PATIENCE_MS = 30_000 + 200 * HEIGHT;

let directory: string;
let world: FabricatedNetwork;
const running: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  directory = KEPT ?? (await mkdtemp(join(tmpdir(), 'pol-newcomer-')));
  const store = KEPT === undefined ? createMemoryStore() : await openLmdbStore(join(directory, 'chain'));
  world = await fabricate({ height: HEIGHT, directory, shape: SHAPE }, { store });
}, PATIENCE_MS);

afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

afterAll(async () => {
  await world.store.close();
  if (KEPT === undefined) await rm(directory, { recursive: true, force: true });
});

/** What a source does to an answer. */
type Tampering = (protocol: RequestProtocol, answer: Uint8Array) => Uint8Array | Promise<Uint8Array>;

interface Source {
  readonly network: NodeNetwork;
  readonly answered: Map<RequestProtocol, number>;
  /** Called after each answer. */
  onAnswer: (protocol: RequestProtocol) => void;
}

async function startSource(tamper: Tampering = (_, answer) => answer): Promise<Source> {
  const { genesis, context, store, blocks, chain, model } = world;
  const network = createNetwork(
    {
      host: '127.0.0.1',
      port: 0,
      bootNodes: [],
      genesisHash: context.genesisHash,
      nodeId: 'source',
      peerKey: generatePeerKey(),
      height: () => chain.height,
    },
    { log: silentLogger },
  );
  const source: Source = { network, answered: new Map(), onAnswer: () => {} };
  const [weights, momentum] = [await rootOf(model.weights), await rootOf(model.momentum)];
  serveSync({
    network: {
      handle: (protocol, handler) =>
        network.handle(protocol, async (bytes, from) => {
          const answer = await tamper(protocol, await handler(bytes, from));
          source.answered.set(protocol, (source.answered.get(protocol) ?? 0) + 1);
          source.onAnswer(protocol);
          return answer;
        }),
    },
    headers: createHeaderStore({ store, blocks, genesisAuthorities: authorityAddresses(genesis) }),
    finalBlock: (height) => blocks.block(height)?.final,
    protocolState: blocks.state,
    store,
    blobs: createMemoryBlobStore(),
    openings: { opening: async () => undefined },
    learning: {
      heldStarts: async () => [],
      heldModels: async () => [
        {
          modelRoot: modelRootOf({ weights, momentum }),
          weights: { root: weights, path: model.weights },
          momentum: { root: momentum, path: model.momentum },
        },
      ],
    },
    genesisDocument: utf8(JSON.stringify(genesis)),
  });
  await network.start();
  running.push(network.stop);
  return source;
}

const rootOf = async (path: string) => vectorRoot(vectorFromBytes(await readFile(path)));

interface Newcomer {
  readonly node: RunningNode;
  readonly learning: LearningService;
}

async function newDirectory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'pol-newcomer-'));
  running.push(() => rm(made, { recursive: true, force: true }));
  return made;
}

async function startNewcomer(sources: readonly Source[], dir: string, log = silentLogger): Promise<Newcomer> {
  const genesisFile = join(dir, 'given.json');
  await writeFile(genesisFile, JSON.stringify(world.genesis));
  const config = nodeConfigSchema.parse({
    node_id: 'newcomer',
    data_dir: dir,
    port: 0,
    api_port: 0,
    genesis_file: genesisFile,
    boot_nodes: sources.map(({ network }) => network.addresses()[0]),
    snapshot_after_blocks: 64,
  });
  const learning = await openLearning(world.genesis, dir, createMemoryBlobStore());
  const node = await startNode(
    { config, log },
    {
      startLearning: async () => ({ remote: learning, terminate: async () => {} }),
      startRecovery: async () => ({ remote: { recover: async (recoveries) => recoverKeys(recoveries) }, terminate: async () => {} }),
    },
  );
  running.push(node.stop);
  return { node, learning };
}

/** Resolves once the condition holds; the test's own timeout is the limit. */
async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** At the head, with the state and the model of those who were there. */
async function arrival({ node, learning }: Newcomer): Promise<void> {
  const { chain } = world;
  await eventually(() => node.view.chain.head().height === chain.height);
  expect(toHex(node.view.chain.head().hash)).toBe(toHex(chain.headHash));
  expect(node.view.chain.state()).toEqual(chain.state);
  await eventually(async () => (await learning.current()).round === chain.state.open.number);
  expect(toHex((await learning.current()).modelRoot)).toBe(toHex(chain.state.modelRoot));
}

const answers = (source: Source, protocol: RequestProtocol) => source.answered.get(protocol) ?? 0;
const scoreOf = (node: RunningNode, source: Source) =>
  (node.view.peers() as readonly PeerInfo[]).find(({ id }) => id === source.network.peerId)?.score;

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ 1;
  return copy;
}

describe('a newcomer', () => {
  it(
    'takes headers, state and model from three peers, executes nothing that it need not, and goes on like one that was there',
    async () => {
      const sources = [await startSource(), await startSource(), await startSource()];
      const started = performance.now();
      const newcomer = await startNewcomer(sources, await newDirectory());
      const { node } = newcomer;
      await arrival(newcomer);
      report(`joined at height ${HEIGHT}`, started);
      for (const protocol of ['headers', 'chunks'] as const) {
        if (HEIGHT > 1_000) for (const source of sources) expect(answers(source, protocol)).toBeGreaterThan(0);
      }
      const snapshot = HEIGHT - (HEIGHT % 32);
      expect(node.view.execution.block(snapshot)).toEqual(world.execution.reader.block(snapshot));
      expect(() => node.view.execution.block(snapshot - 1)).toThrow(expect.objectContaining({ code: 'EXECUTION_HISTORY_ABSENT' }));
      expect(() => node.view.chain.block(snapshot - 1)).toThrow(expect.objectContaining({ code: 'CHAIN_HISTORY_ABSENT' }));
      expect(node.view.chain.block(HEIGHT + 1)).toBeUndefined();
      const recipient = named(`account ${snapshot - 9} 0`).slice(0, 20);
      expect(await node.view.execution.balance(recipient)).toBe(1n);
      expect(node.view.execution.blockHash(snapshot - 200)).toEqual(world.execution.reader.blockHash(snapshot - 200));
    },
    PATIENCE_MS,
  );

  it(
    'arrives though one source is killed halfway and another sends wrong bytes',
    async () => {
      const everybody: Source[] = [];
      /** Nothing is served before the newcomer knows all three, so that all three are asked. */
      let met: Promise<void> | undefined;
      const together = () => (met ??= eventually(() => everybody.every(({ network }) => network.peers().length > 0)));
      const unasked = (protocol: RequestProtocol) => protocol === 'hello' || protocol === 'genesis';
      const lies: RequestProtocol[] = [];
      const liar = await startSource(async (protocol, answer) => {
        if (unasked(protocol) || answer.length === 0) return answer;
        await together();
        lies.push(protocol);
        return flipped(answer, answer.length >> 1);
      });
      const slow: Tampering = async (protocol, answer) => {
        if (!unasked(protocol)) await together();
        return answer;
      };
      const [dying, honest] = [await startSource(slow), await startSource(slow)];
      everybody.push(liar, dying, honest);
      dying.onAnswer = (protocol) => {
        if (protocol === 'state' || protocol === 'chunks') void dying.network.stop();
      };
      const started = performance.now();
      const newcomer = await startNewcomer(everybody, await newDirectory());
      await arrival(newcomer);
      report(`joined at height ${HEIGHT} with a dying and a lying source`, started);
      expect(lies.length).toBeGreaterThan(0);
      expect(answers(dying, 'state') + answers(dying, 'chunks')).toBeGreaterThan(0);
      expect(scoreOf(newcomer.node, liar) ?? -100).toBeLessThan(-15);
      expect(scoreOf(newcomer.node, honest)).toBe(-0);
    },
    PATIENCE_MS,
  );

  it(
    'stopped at any stage goes on where it was',
    async () => {
      const dir = await newDirectory();
      const source = await startSource();
      const asked: RequestProtocol[][] = [];
      const stages: readonly RequestProtocol[] = ['headers', 'protocol-state', 'state', 'model', 'chunks'];
      for (const i of stages.keys()) {
        const before: RequestProtocol[] = [];
        asked.push(before);
        let reached = false;
        source.onAnswer = (protocol) => {
          before.push(protocol);
          // A node that was slow to stop may have finished this stage already, or all of them.
          reached ||= stages.indexOf(protocol) >= i;
        };
        const newcomer = await startNewcomer([source], dir);
        await eventually(() => reached || newcomer.node.view.chain.head().height === world.chain.height);
        await newcomer.node.stop();
      }
      source.onAnswer = () => {};
      const newcomer = await startNewcomer([source], dir);
      await arrival(newcomer);
      // What was there is not asked for again: headers once they are complete, the snapshot once it is chosen.
      const [, , afterState, afterModel] = asked;
      for (const later of [afterState, afterModel]) expect(later).not.toContain('headers');
      expect(asked.slice(3).flat()).not.toContain('protocol-state');
    },
    PATIENCE_MS,
  );

  // Needs a small file system of its own: mount -t tmpfs -o size=64m tmpfs /some/where; POL_TINY_DISK=/some/where npx vitest run …
  it.runIf(TINY_DISK !== undefined)(
    'rests while its disk is full, says so, and arrives when there is room again',
    async () => {
      const root = TINY_DISK as string;
      for (const left of [64 * 1024, 1024 * 1024, 3 * 1024 * 1024]) {
        const dir = await mkdtemp(join(root, 'node-'));
        const said: string[] = [];
        const log: Logger = { ...silentLogger, child: () => log };
        const listen = (facts: object, message: string) => void said.push(`${message}: ${JSON.stringify(facts)}`);
        Object.assign(log, { warn: listen, error: listen });
        let fill: () => void = () => {};
        const filled = new Promise<void>((resolve) => {
          fill = resolve;
        });
        const source = await startSource(async (protocol, answer) => {
          if (protocol !== 'hello' && protocol !== 'genesis') await filled;
          return answer;
        });
        const newcomer = await startNewcomer([source], dir, log);
        const filler = join(root, 'filler');
        const { bavail, bsize } = await statfs(root);
        await writeFile(filler, new Uint8Array(Math.max(0, bavail * bsize - left)));
        fill();
        await eventually(() => said.some((line) => /no room left|ENOSPC/.test(line)));
        expect(newcomer.node.view.chain.state().height).toBe(newcomer.node.view.chain.head().height);
        await rm(filler);
        await arrival(newcomer);
        console.log(left, [...new Set(said)]);
        await newcomer.node.stop();
        await rm(dir, { recursive: true, force: true });
      }
    },
    PATIENCE_MS,
  );
});

function report(what: string, started: number): void {
  if (KEPT !== undefined) console.log(`${what} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
