import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { PolError } from '../../primitives/errors.ts';
import { createEndpoint } from './rpc.ts';

interface Service {
  add(a: number, b: number): Promise<number>;
  fail(): Promise<never>;
  count(upTo: number, report: (value: number) => void): Promise<string>;
  ask(source: { get(key: string): Promise<Uint8Array | undefined> }): Promise<number>;
  missing(): Promise<void>;
}

const service = {
  add: (a: number, b: number) => a + b,
  fail() {
    throw new PolError('SERVICE_FULL', 'no room');
  },
  async count(upTo: number, report: (value: number) => Promise<void>) {
    for (let i = 1; i <= upTo; i++) void report(i);
    return 'done';
  },
  async ask(source: { get(key: string): Promise<Uint8Array | undefined> }) {
    const found = await source.get('x');
    return (found?.length ?? 0) + ((await source.get('y')) === undefined ? 100 : 0);
  },
};

describe('createEndpoint', () => {
  const { port1, port2 } = new MessageChannel();
  createEndpoint(port2, service);
  const client = createEndpoint(port1);
  const remote = client.remote<Service>();
  afterEach(() => {
    if (expect.getState().currentTestName?.includes('other side')) port1.close();
  });

  it('calls, returns, and keeps concurrent calls apart', async () => {
    expect(await Promise.all([remote.add(1, 2), remote.add(3, 4)])).toEqual([3, 7]);
  });

  it('carries the code of a typed error, and names a method that does not exist', async () => {
    await expect(remote.fail()).rejects.toMatchObject({ code: 'SERVICE_FULL', message: 'no room' });
    await expect(remote.missing()).rejects.toThrow('no method missing');
  });

  it('delivers all callbacks before the result', async () => {
    const seen: number[] = [];
    expect(await remote.count(5, (value) => seen.push(value))).toBe('done');
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('proxies an object of functions, and undefined and bytes through it', async () => {
    expect(await remote.ask({ get: async (key) => (key === 'x' ? new Uint8Array(7) : undefined) })).toBe(107);
  });

  it('fails calls under way when the other side is gone', async () => {
    const pending = remote.count(1, () => {});
    client.close(new Error('worker ended'));
    await expect(pending).rejects.toThrow('worker ended');
    await expect(remote.add(1, 1)).rejects.toThrow('worker ended');
  });
});
