import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMIT, type Fault, hastyClock, startFakeHub } from '../testing/fake-hub.ts';
import { downloadFile } from './download.ts';
import { MAX_FRUITLESS_ATTEMPTS } from './limits.ts';

const FILE = new Uint8Array(300_000).map((_, i) => (i * 31) >> 5);
const SHA256 = createHash('sha256').update(FILE).digest('hex');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pol-download-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function setUp() {
  const hub = await startFakeHub({ 'a.txt': FILE });
  const path = join(directory, 'a.txt');
  const options = { url: `${hub.endpoint}/datasets/me/book/resolve/${COMMIT}/a.txt`, path, bytes: FILE.length, sha256: SHA256 };
  const run = (changes: object = {}) => downloadFile({ ...options, ...changes }, { fetch, clock: hastyClock });
  const isWhole = async () => (await readFile(path)).equals(FILE);
  return { hub, run, isWhole };
}

/** A broken connection may take what it had not delivered with it: of the 150,000 bytes sent, some are asked for again. */
function expectToResume(request: string | undefined): void {
  const from = Number(/ bytes=(\d+)-$/.exec(request ?? '')?.[1]);
  expect(from).toBeGreaterThan(0);
  expect(from).toBeLessThanOrEqual(150_000);
}

describe('downloadFile', () => {
  it.each<[string, readonly Fault[]]>([
    ['nothing goes wrong', []],
    ['connections drop', ['drop', 'drop', 'drop']],
    ['bodies are shorter than they say', ['short', 'short']],
    ['the server is not reached at first', ['refuse', 'refuse']],
    [
      'too much is asked',
      [{ status: 429, retryAfter: '3' }, { status: 429, retryAfter: new Date(Date.now() + 2000).toUTCString() }, { status: 429 }],
    ],
    ['the server fails', [{ status: 500 }, { status: 502 }, { status: 503 }]],
    ['ranges are not known', ['drop', 'no-range']],
    ['the bytes are wrong once', ['wrong-bytes']],
    ['all of it', ['refuse', 'drop', { status: 429, retryAfter: '1' }, 'short', 'no-range', { status: 500 }, 'drop']],
  ])('has the right file when %s', async (_, faults) => {
    const { hub, run, isWhole } = await setUp();
    hub.faults.push(...faults);
    await run();
    expect(await isWhole()).toBe(true);
    expect(await readdir(directory)).toEqual(['a.txt']);
    const asked = hub.requests.length;
    await run();
    expect(hub.requests).toHaveLength(asked);
  });

  it('goes on where it broke off', async () => {
    const { hub, run } = await setUp();
    hub.faults.push('short');
    await run();
    expect(hub.requests).toHaveLength(2);
    expectToResume(hub.requests.at(-1));
  });

  it('goes on in a later run of the program', async () => {
    const { hub, run, isWhole } = await setUp();
    hub.faults.push('short');
    hub.always = 'refuse';
    await expect(run()).rejects.toMatchObject({ code: 'DATA_DOWNLOAD_FAILED', message: expect.stringContaining('run the command again') });
    hub.always = undefined;
    await run();
    expectToResume(hub.requests.at(-1));
    expect(await isWhole()).toBe(true);
  });

  it.each<[string, Fault, string]>([
    ['other lengths than listed', 'wrong-length', 'by the listing'],
    ['other bytes than listed', 'wrong-bytes', 'SHA-256'],
    ['nobody there', 'refuse', `${MAX_FRUITLESS_ATTEMPTS} times in a row`],
    ['a refusal', { status: 403 }, 'HF_TOKEN'],
    ['no such file', { status: 404 }, 'HTTP 404'],
    ['a server that never has time', { status: 429, retryAfter: '1' }, 'refused'],
    ['a server that asks for an hour', { status: 429, retryAfter: '3600' }, '3600 s'],
  ])('says what is wrong: %s', async (_, fault, text) => {
    const { hub, run } = await setUp();
    hub.always = fault;
    await expect(run()).rejects.toMatchObject({ code: 'DATA_DOWNLOAD_FAILED', message: expect.stringContaining(text) });
    expect(await readdir(directory)).not.toContain('a.txt');
  });

  it('ends with the right hash or a typed error, whatever the order of faults', async () => {
    const { hub, run, isWhole } = await setUp();
    const faults: readonly Fault[] = [
      'drop',
      'short',
      'refuse',
      { status: 429, retryAfter: '1' },
      { status: 500 },
      'wrong-bytes',
      'no-range',
      'wrong-length',
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...faults), { maxLength: 12 }), async (order) => {
        for (const name of await readdir(directory)) await rm(join(directory, name));
        hub.faults.length = 0;
        hub.faults.push(...order);
        const error: unknown = await run().catch((thrown: unknown) => thrown);
        if (error === undefined) expect(await isWhole()).toBe(true);
        else expect(error).toMatchObject({ code: 'DATA_DOWNLOAD_FAILED' });
      }),
      { numRuns: 40 },
    );
  });
});
