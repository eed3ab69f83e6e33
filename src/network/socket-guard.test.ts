import { createConnection, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UPGRADE_DEADLINE_MS } from './limits.ts';
import { eventually, hostPort, startNetwork } from './testing/test-network.ts';

const sockets: Socket[] = [];

afterEach(() => {
  vi.useRealTimers();
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function connectSilently(address: string, bytes: string): Promise<Socket> {
  const [host, port] = address.split(':');
  const socket = createConnection({ host: host ?? '', port: Number(port) });
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  if (bytes !== '') socket.write(bytes);
  return socket;
}

describe('a TCP connection', () => {
  it.each([
    ['says nothing', ''],
    ['never ends its headers', 'GET / HTTP/1.1\r\nx: '],
  ])('that %s is ended', async (_, bytes) => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const network = await startNetwork();
    const socket = await connectSilently(hostPort(network), bytes);
    // The guard's own timer, run now.
    const guard = () => timers.mock.calls.find(([, ms]) => ms === UPGRADE_DEADLINE_MS)?.[0] as (() => void) | undefined;
    await eventually(() => guard() !== undefined);
    guard()?.();
    await eventually(() => socket.destroyed || socket.readableEnded || socket.closed);
    timers.mockRestore();
    expect(network.peers()).toEqual([]);
  });
});
