import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ASSET_PART_BYTES } from '../codec/limits.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import { fetchAsset } from './fetch-asset.ts';
import { hostPort, makeNetwork } from './testing/test-network.ts';

const FILE = new Uint8Array(ASSET_PART_BYTES + 1000).map((_, i) => i * 7 + (i >> 8));
const HASH = sha256(FILE);

async function wish() {
  const directory = await mkdtemp(join(tmpdir(), 'pol-asset-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return {
    hash: HASH,
    path: join(directory, 'file'),
    maxBytes: FILE.length,
    isWhole: async (path: string) => equalBytes(sha256(await readFile(path)), HASH),
  };
}

/** A boot node that serves `bytes` under any hash. */
async function nodeWith(bytes: Uint8Array) {
  const node = makeNetwork();
  node.handle('asset', async (request) => {
    const offset = Number(new DataView(request.buffer, request.byteOffset).getBigUint64(32));
    return bytes.slice(offset, offset + ASSET_PART_BYTES);
  });
  await node.start();
  return hostPort(node);
}

describe('fetchAsset', () => {
  it('gets a file part by part from whoever has the right one', async () => {
    const damaged = FILE.slice();
    damaged[12] = 1 + (damaged[12] as number);
    const bootNodes = ['127.0.0.1:1', await nodeWith(new Uint8Array()), await nodeWith(damaged), await nodeWith(FILE)];
    const wanted = await wish();
    await fetchAsset(wanted, { bootNodes, timeoutMs: 20_000 });
    expect(equalBytes(await readFile(wanted.path), FILE)).toBe(true);
  });

  it('says what each did when nobody has it', async () => {
    const wanted = { ...(await wish()), maxBytes: 100 };
    const bootNodes = [await nodeWith(FILE), await nodeWith(new Uint8Array())];
    await expect(fetchAsset(wanted, { bootNodes, timeoutMs: 1500 })).rejects.toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: expect.stringMatching(/more than 100 bytes.*does not have the file/),
    });
  });
});
