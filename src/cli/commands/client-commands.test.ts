import { describe, expect, it } from 'vitest';
import { runCli } from '../run-cli.ts';
import { jsonResponse, testIo } from '../testing/test-io.ts';

const NODE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const RECEIVER = `0x${'ab'.repeat(20)}`;
const HASH = `0x${'cd'.repeat(32)}`;
const STATUS = {
  node_id: 'node_3',
  address: NODE,
  is_authority: false,
  height: 1234,
  round: 7,
  peers: 5,
  model_root: '0xaa',
  syncing: false,
  future_field: 1,
};
const TRAINING = { enabled: true, active: true, current_epoch: 7, current_loss: 5.4321, held_out_loss: null, tokens_per_second: 12345.6 };

interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A node that answers REST with fixed documents and JSON-RPC with a function. */
function node(rpc: (call: RpcCall) => unknown = () => ({ result: null })) {
  return async (url: string, init: RequestInit | undefined) => {
    const { pathname } = new URL(url);
    if (pathname === '/') return jsonResponse({ jsonrpc: '2.0', id: 1, ...Object(rpc(JSON.parse(String(init?.body)))) });
    if (pathname === '/api/v1/status') return jsonResponse(STATUS);
    if (pathname === '/api/v1/training/status') return jsonResponse(TRAINING);
    return jsonResponse({ error: { code: 'API_NOT_FOUND', message: `no ${pathname}` } }, 404);
  };
}

function stream(...events: readonly unknown[]): Response {
  return new Response(events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''));
}

const piece = (content: string) => ({ choices: [{ delta: { content } }] });

describe('status', () => {
  it('shows what is known and a dash for what is not', async () => {
    const io = testIo({ fetch: node() });
    expect(await runCli(['status', '--port', '8083'], io)).toBe(0);
    expect(io.output()).toMatchInlineSnapshot(`
      "node           node_3 (regular)
      address        0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
      height         1,234
      round          7
      peers          5
      training       12,346 tokens/s
      training loss  5.4321
      held-out loss  –
      model          0xaa
      "
    `);
  });

  it('prints JSON with fields it does not know', async () => {
    const io = testIo({ fetch: node() });
    await runCli(['status', '--json'], io);
    expect(JSON.parse(io.output())).toMatchObject({ ...STATUS, training: { current_loss: 5.4321 } });
  });

  it('says so when something else answers', async () => {
    const io = testIo({ fetch: () => new Response('<html>', { status: 200 }) });
    expect(await runCli(['status'], io)).toBe(1);
    expect(io.errors()).toContain('is that the API port of a pol-node?');
  });
});

describe('balance', () => {
  it('asks for the node’s own account, or the one named', async () => {
    const asked: unknown[] = [];
    const fetch = node(({ method, params }) => {
      asked.push(method, params[0]);
      return { result: '0x14d1120d7b160000' };
    });
    const io = testIo({ fetch });
    expect(await runCli(['balance'], io)).toBe(0);
    expect(await runCli(['balance', '--address', RECEIVER, '--json'], io)).toBe(0);
    expect(asked).toEqual(['eth_getBalance', NODE, 'eth_getBalance', RECEIVER]);
    expect(io.output()).toBe(`1.5 POL  ${NODE}\n${JSON.stringify({ address: RECEIVER, wei: '1500000000000000000', pol: '1.5' })}\n`);
  });
});

describe('send', () => {
  /** In a block at the third look. */
  function chain(status: string) {
    let looks = 0;
    const sent: unknown[] = [];
    const fetch = node(({ method, params }) => {
      if (method === 'eth_sendTransaction') {
        sent.push(params[0]);
        return { result: HASH };
      }
      return { result: ++looks < 3 ? null : { status, blockNumber: '0x10', gasUsed: '0x5208', effectiveGasPrice: '0x3b9aca00' } };
    });
    return { fetch, sent };
  }

  it('sends without `from`, waits for the block, and tells hash, block and fee', async () => {
    const { fetch, sent } = chain('0x1');
    const io = testIo({ fetch });
    expect(await runCli(['send', '--to', RECEIVER, '--amount', '10.0'], io)).toBe(0);
    expect(sent).toEqual([{ to: RECEIVER, value: '0x8ac7230489e80000' }]);
    expect(io.output()).toBe(`sent 10 POL to ${RECEIVER}\nhash   ${HASH}\nblock  16 (final)\nfee    0.000021 POL\n`);
  });

  it('does not wait when told so', async () => {
    const { fetch } = chain('0x1');
    const io = testIo({ fetch });
    expect(await runCli(['send', '--to', RECEIVER, '--amount', '1', '--no-wait', '--json'], io)).toBe(0);
    expect(JSON.parse(io.output())).toEqual({ hash: HASH });
  });

  it('fails when the transaction was reverted', async () => {
    const io = testIo({ fetch: chain('0x0').fetch });
    expect(await runCli(['send', '--to', RECEIVER, '--amount', '1'], io)).toBe(1);
    expect(io.errors()).toContain('was reverted in block 16');
  });

  it('gives up waiting after the timeout, and says that it stays pending', async () => {
    const io = testIo({ fetch: node(({ method }) => ({ result: method === 'eth_sendTransaction' ? HASH : null })) });
    expect(await runCli(['send', '--to', RECEIVER, '--amount', '1', '--timeout', '5'], io)).toBe(1);
    expect(io.errors()).toContain('did not come in 5 s; it stays pending');
  });

  it('shows the node’s own error', async () => {
    const io = testIo({ fetch: node(() => ({ error: { code: -32000, message: 'insufficient funds: 0 POL, 1 needed' } })) });
    expect(await runCli(['send', '--to', RECEIVER, '--amount', '1'], io)).toBe(1);
    expect(io.errors()).toBe('error: insufficient funds: 0 POL, 1 needed\n');
  });
});

describe('chat', () => {
  it('streams one answer', async () => {
    const bodies: unknown[] = [];
    const io = testIo({
      fetch: (_url, init) => {
        bodies.push(JSON.parse(String(init?.body)));
        return stream(
          { choices: [{ delta: { role: 'assistant', content: '' } }] },
          piece('Fellow '),
          piece('citizens'),
          { choices: [] },
          '[DONE]',
          piece('never'),
        );
      },
    });
    expect(await runCli(['chat', '--prompt', 'Hi', '--max-tokens', '7', '--temperature', '0', '--system', 'Be brief.'], io)).toBe(0);
    expect(io.output()).toBe('Fellow citizens\n');
    expect(bodies).toEqual([
      {
        model: 'pol-gpt',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
        ],
        max_tokens: 7,
        temperature: 0,
        stream: true,
      },
    ]);
  });

  it('keeps the conversation of lines from a pipe', async () => {
    const bodies: { messages: unknown[] }[] = [];
    const io = testIo({
      input: 'one\n\ntwo\n',
      fetch: (url, init) => {
        if (!url.endsWith('/v1/chat/completions')) return jsonResponse(STATUS);
        bodies.push(JSON.parse(String(init?.body)));
        return stream(piece(`answer ${bodies.length}`), '[DONE]');
      },
    });
    expect(await runCli(['chat'], io)).toBe(0);
    expect(io.output()).toBe('answer 1\nanswer 2\n');
    expect(bodies[1]?.messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'answer 1' },
      { role: 'user', content: 'two' },
    ]);
  });

  it('shows errors of the API, also in the middle of a stream', async () => {
    const refused = testIo({
      fetch: () => jsonResponse({ error: { message: 'max_tokens is too large', type: 'invalid_request_error' } }, 400),
    });
    expect(await runCli(['chat', '--prompt', 'x'], refused)).toBe(1);
    expect(refused.errors()).toBe('error: max_tokens is too large\n');
    const broken = testIo({ fetch: () => stream(piece('half'), { error: { message: 'the model changed' } }) });
    expect(await runCli(['chat', '--prompt', 'x'], broken)).toBe(1);
    expect(broken.output()).toBe('half\n');
    expect(broken.errors()).toBe('error: the model changed\n');
  });
});
