import { expect, it } from 'vitest';
import { allJoined, eventually, hostPort, startNetwork } from './testing/test-network.ts';

const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;

it('stop leaves no socket, no listener and no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = { sockets: sockets(), timers: timers() };
  const a = await startNetwork();
  const b = await startNetwork({ bootNodes: [hostPort(a), '127.0.0.1:1'] });
  await allJoined(a, b);
  a.handle('blob', () => new Promise(() => {}));
  const pending = b.request(a.peerId, 'blob', new Uint8Array(), { maxBytes: 1, timeoutMs: 60_000 });
  pending.catch(() => {});
  a.sendToAll('consensus', new Uint8Array(100));
  expect(sockets()).toBeGreaterThan(before.sockets);
  await Promise.all([a.stop(), b.stop()]);
  await expect(pending).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' });
  // gossipsub's last heartbeat runs out by itself within its second.
  await eventually(() => sockets() <= before.sockets && timers() <= before.timers + 1);
});
