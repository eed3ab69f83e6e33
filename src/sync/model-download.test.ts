import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHUNK_BYTES, littleEndianBytes, vectorRoot } from '../learning/chunks.ts';
import { modelRootOf } from '../learning/model-root.ts';
import type { HeldModel } from '../learning/types.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { silentLogger } from '../primitives/log.ts';
import { createModelDownload } from './model-download.ts';
import { createModelFilesServer } from './model-files.ts';
import { createHurriedClock } from './testing/clock.ts';
import { fakePeers } from './testing/network.ts';
import type { SyncProtocol } from './transport.ts';
import { chunksRequestCodec, modelOutlineCodec, modelRequestCodec } from './wire.ts';

/** 41 chunks, the last of them short. */
const PARAMETERS = (40 * CHUNK_BYTES) / 4 + 100;
const never = new AbortController().signal;

let model: HeldModel;
let bytes: { weights: Uint8Array; momentum: Uint8Array };

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pol-download-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pol-model-'));
  const vector = (scale: number) => Float32Array.from({ length: PARAMETERS }, (_, i) => scale * i);
  const [weights, momentum] = [vector(0.5), vector(-0.25)];
  bytes = { weights: littleEndianBytes(weights), momentum: littleEndianBytes(momentum) };
  const roots = { weights: vectorRoot(weights), momentum: vectorRoot(momentum) };
  model = {
    modelRoot: modelRootOf(roots),
    weights: { root: roots.weights, path: join(directory, 'weights') },
    momentum: { root: roots.momentum, path: join(directory, 'momentum') },
  };
  await writeFile(model.weights.path, bytes.weights);
  await writeFile(model.momentum.path, bytes.momentum);
  return () => rm(directory, { recursive: true, force: true });
});

type Answer = (protocol: SyncProtocol, request: Uint8Array) => Promise<Uint8Array>;

/** A peer that holds the model. */
function holder(): Answer {
  const server = createModelFilesServer({ learning: { heldModels: async () => [model], heldStarts: async () => [] } });
  return async (protocol, request) => {
    if (protocol === 'model') {
      const outline = await server.outline(modelRequestCodec.decode(request).id);
      return outline === undefined ? new Uint8Array(0) : modelOutlineCodec.encode(outline);
    }
    const { vector, first, count } = chunksRequestCodec.decode(request);
    return (await server.chunks(vector, first, count)) ?? new Uint8Array(0);
  };
}

function setUp(peers: Parameters<typeof fakePeers>[0], directory: string) {
  const { world, network } = fakePeers(peers);
  return {
    world,
    download: createModelDownload({ directory, parameters: PARAMETERS }, { network, clock: createHurriedClock(), log: silentLogger }),
  };
}

async function expectFetched(files: { weights: string; momentum: string } | undefined): Promise<void> {
  if (files === undefined) throw new Error('nothing was fetched');
  // Not toEqual, which compares millions of elements one by one.
  expect(equalBytes(await readFile(files.weights), bytes.weights)).toBe(true);
  expect(equalBytes(await readFile(files.momentum), bytes.momentum)).toBe(true);
}

describe('createModelDownload', () => {
  it('fetches the pieces from all peers at once, and discards what was taken over', async () => {
    const directory = await newDirectory();
    const { world, download } = setUp(
      [
        { id: 'a', answer: holder() },
        { id: 'b', answer: holder() },
      ],
      directory,
    );
    await expectFetched(await download.fetch(model.modelRoot, never));
    // The outline, and three pieces of each vector.
    expect(world.asked).toHaveLength(1 + 6);
    expect(new Set(world.asked)).toEqual(new Set(['a', 'b']));
    expect(world.penalised).toEqual([]);
    await download.discard();
    await expect(readdir(directory)).rejects.toThrow('ENOENT');
  });

  it('finds a wrong byte in its piece, which costs the peer that sent it and is fetched elsewhere', async () => {
    const honest = holder();
    const forger: Answer = async (protocol, request) => {
      const answer = (await honest(protocol, request)).slice();
      if (protocol === 'chunks') answer[answer.length - 1] = (answer.at(-1) ?? 0) ^ 1;
      return answer;
    };
    const { world, download } = setUp(
      [
        { id: 'forger', answer: forger },
        { id: 'good', answer: honest },
      ],
      await newDirectory(),
    );
    await expectFetched(await download.fetch(model.modelRoot, never));
    expect(new Set(world.penalised)).toEqual(new Set(['forger']));
  });

  it('believes no outline that does not lead to the root', async () => {
    const honest = holder();
    const spoilt = (spoil: (outline: ReturnType<typeof modelOutlineCodec.decode>) => object): Answer => {
      return async (protocol, request) => {
        const answer = await honest(protocol, request);
        if (protocol !== 'model') return answer;
        const outline = modelOutlineCodec.decode(answer);
        return modelOutlineCodec.encode({ ...outline, ...spoil(outline) });
      };
    };
    const peers = [
      { id: 'other root', answer: spoilt(() => ({ weights: new Uint8Array(32) })) },
      { id: 'other chunks', answer: spoilt(({ momentumChunks }) => ({ momentumChunks: momentumChunks.slice().fill(7, 0, 1) })) },
      { id: 'fewer chunks', answer: spoilt(({ weightsChunks }) => ({ weightsChunks: weightsChunks.slice(32) })) },
      { id: 'no outline', answer: async () => Uint8Array.of(1, 2, 3) },
    ];
    const liars = setUp(peers, await newDirectory());
    expect(await liars.download.fetch(model.modelRoot, never)).toBeUndefined();
    expect(liars.world.penalised.sort()).toEqual(peers.map(({ id }) => id).sort());
    const { download } = setUp([...peers, { id: 'good', answer: honest }], await newDirectory());
    await expectFetched(await download.fetch(model.modelRoot, never));
  });

  it('goes on after a kill with what is whole on disk, whatever else lies there', async () => {
    const directory = await newDirectory();
    const honest = holder();
    let left = 3;
    const stopping = new AbortController();
    const dying: Answer = async (protocol, request) => {
      if (protocol === 'chunks' && left-- === 0) {
        stopping.abort(new Error('killed'));
        return new Promise(() => {});
      }
      return honest(protocol, request);
    };
    const first = setUp([{ id: 'a', answer: dying }], directory);
    await expect(first.download.fetch(model.modelRoot, stopping.signal)).rejects.toThrow('killed');
    // Torn: one file is cut off in the middle of a chunk, a chunk of the other is damaged.
    const names = (await readdir(directory)).sort();
    expect(names).toHaveLength(2);
    await writeFile(join(directory, 'something else'), 'x');
    const path = join(directory, names[0] as string);
    const content = await readFile(path);
    content[5] = (content[5] ?? 0) ^ 1;
    await writeFile(path, content);
    const second = setUp([{ id: 'a', answer: honest }], directory);
    await expectFetched(await second.download.fetch(model.modelRoot, never));
    expect(second.world.asked.length).toBeLessThan(1 + 6 + 1);
    expect((await readdir(directory)).sort()).toEqual(names);

    await truncate(path, 100);
    const third = setUp([{ id: 'a', answer: honest }], directory);
    await expectFetched(await third.download.fetch(model.modelRoot, never));
    expect(third.world.asked).toHaveLength(1 + 3);
    const fourth = setUp([{ id: 'a', answer: honest }], directory);
    await expectFetched(await fourth.download.fetch(model.modelRoot, never));
    expect(fourth.world.asked).toHaveLength(1);
  });

  it('keeps what it has when the last peer leaves, and says so', async () => {
    const directory = await newDirectory();
    const honest = holder();
    let left = 2;
    const { world, download } = setUp(
      [
        {
          id: 'leaving',
          async answer(protocol, request) {
            if (protocol === 'chunks' && left-- <= 0)
              throw new (await import('../primitives/errors.ts')).PolError('NETWORK_UNREACHABLE', 'gone');
            return honest(protocol, request);
          },
        },
      ],
      directory,
    );
    world.peers = [...world.peers];
    const outcome = download.fetch(model.modelRoot, never);
    expect(await outcome).toBeUndefined();
    const again = setUp([{ id: 'b', answer: honest }], directory);
    await expectFetched(await again.download.fetch(model.modelRoot, never));
    expect(again.world.asked).toHaveLength(1 + 4);
  });
});

describe('createModelFilesServer', () => {
  it('serves no file that the disk changed, and nothing that is not held', async () => {
    const directory = await newDirectory();
    const path = join(directory, 'weights');
    const damaged = bytes.weights.slice();
    damaged[0] = (damaged[0] ?? 0) ^ 1;
    await writeFile(path, damaged);
    const held = [{ ...model, weights: { ...model.weights, path } }];
    const server = createModelFilesServer({ learning: { heldModels: async () => held, heldStarts: async () => [] } });
    expect(await server.outline(model.modelRoot)).toBeUndefined();
    expect(await server.outline(new Uint8Array(32))).toBeUndefined();
    expect(await server.chunks(new Uint8Array(32), 0, 1)).toBeUndefined();
    expect(await server.chunks(model.momentum.root, 40, 16)).toEqual(bytes.momentum.slice(40 * CHUNK_BYTES));
    expect(await server.chunks(model.momentum.root, 41, 1)).toEqual(new Uint8Array(0));
    await rm(path);
    expect(await server.chunks(model.weights.root, 0, 1)).toBeUndefined();
  });
});
