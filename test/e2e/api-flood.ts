import WebSocket from 'ws';

/** Invalid bodies for `POST /`, each of another kind; `n` makes each one new. */
const BODIES: readonly ((n: number) => string)[] = [
  (n) => `not JSON ${n}`,
  (n) => `{"jsonrpc":"2.0","id":${n},"method":`,
  (n) => JSON.stringify({ jsonrpc: '1.0', id: n, method: 'eth_blockNumber' }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: n, method: `eth_nothing${n}`, params: [] }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: { n }, method: 'eth_blockNumber' }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: n, method: 'eth_getBalance', params: { address: n } }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: n, method: 'eth_getBalance', params: ['0x12', 'latest'] }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: n, method: 'eth_sendRawTransaction', params: [`0x02${n.toString(16).padStart(64, '0')}`] }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: n, method: 'eth_call', params: [{ to: '0x00', gas: -n }] }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: n, method: 'eth_getLogs', params: [{ fromBlock: '0xfffffffffff', toBlock: '0x0' }] }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: n, method: 'pol_voteAuthority', params: ['add', n] }),
  (n) => JSON.stringify({ jsonrpc: '2.0', id: n, method: 'pol_exit', params: [`0x${'f'.repeat(200)}`] }),
  () => '[]',
  (n) => JSON.stringify(Array.from({ length: 50 }, () => n)),
  (n) => `${'['.repeat(1_000)}${n}`,
];
/** One in so many is larger than a body may be. */
const OVERSIZED_EVERY = 2_000;
const OVERSIZED_BYTES = 3 * 1024 * 1024;
const PARALLEL = 32;

/** Sends `count` invalid bodies to a node's API, in parallel and as fast as it answers. Gives the number of answers, errors all of them. */
export async function floodApi(url: string, count: number): Promise<number> {
  let next = 0;
  let answered = 0;
  const one = async (n: number) => {
    const body =
      n % OVERSIZED_EVERY === OVERSIZED_EVERY - 1 ? 'x'.repeat(OVERSIZED_BYTES) : (BODIES[n % BODIES.length] as (n: number) => string)(n);
    try {
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const text = await response.text();
      if (response.status === 200 && !text.includes('"error"'))
        throw new Error(`an invalid body was taken: ${body.slice(0, 100)}: ${text.slice(0, 100)}`);
      answered++;
    } catch (error) {
      // A body above the limit may see its connection closed before it is sent.
      if (error instanceof TypeError) return;
      throw error;
    }
  };
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      while (next < count) await one(next++);
    }),
  );
  return answered;
}

/** The same over one WebSocket after the other: garbage, and more than one may leave waiting. */
export async function floodWebSocket(url: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; ) {
    const socket = new WebSocket(url.replace('http', 'ws'));
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()).once('error', () => resolve()));
    for (let i = 0; i < 1_000 && sent < count && socket.readyState === WebSocket.OPEN; i++) {
      socket.send((BODIES[sent % BODIES.length] as (n: number) => string)(sent));
      sent++;
    }
    socket.close();
    await closed;
  }
}
