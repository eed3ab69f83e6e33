import { describe, expect, it } from 'vitest';
import { nodeConfigSchema } from '../../params/node-config.ts';
import { createClient } from '../client.ts';
import { jsonResponse, testIo, unreachable } from '../testing/test-io.ts';
import { createPoller } from './poll.ts';

const TRAINER = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const AUTHORITY = `0x${'ab'.repeat(20)}`;

/** Two nodes whose answers a test may change between polls; `undefined` means that nobody answers. */
function setUp() {
  const documents: Record<string, unknown> = {
    '1/api/v1/status': { address: AUTHORITY, height: 10, peers: 1, memory_bytes: 1000 },
    '1/api/v1/network/info': {
      round: 3,
      settled_round: 1,
      held_out_round: 1,
      held_out_loss: 6.5,
      proofs_accepted: 4,
      proofs_rejected: 0,
      authorities: [{ address: AUTHORITY, earned: '5' }],
      trainers: [{ address: TRAINER.toLowerCase(), earned: '70', accepted: 4, rejected: 0 }],
    },
    '2/api/v1/status': { address: TRAINER, height: 9, peers: 1, memory_bytes: 2000 },
    '2/api/v1/training/status': {
      enabled: true,
      active: true,
      current_loss: 6.25,
      tokens_per_second: 100,
      history: [
        { round: 0, loss: 7.5, held_out_loss: 7.25 },
        { round: 1, loss: 7, held_out_loss: null },
      ],
    },
  };
  const exited = new Set<string>();
  const io = testIo({
    fetch: (url) => {
      const document = documents[url.replace('http://n', '')];
      if (document === undefined) throw unreachable();
      return jsonResponse(document);
    },
  });
  const polled = (name: string, role: 'authority' | 'trainer', url: string) => ({
    node: { name, role, configFile: '', config: nodeConfigSchema.parse({}) },
    apiUrl: url,
    client: createClient({ url }, io),
    hasExited: () => exited.has(name),
  });
  const nodes = [polled('authority_0', 'authority', 'http://n1'), polled('node_1', 'trainer', 'http://n2')];
  const poller = createPoller({ nodes, chainId: 1, startedAt: 0 }, { now: io.clock.now });
  return { documents, exited, poller };
}

describe('the poller', () => {
  it('puts together what the nodes say', async () => {
    const { poller } = setUp();
    expect(await poller.poll(['a notice'])).toMatchObject({
      height: 10,
      round: 3,
      settledRound: 1,
      trainingLoss: 6.25,
      heldOutLoss: 6.5,
      tokensPerSecond: 100,
      accepted: 4,
      rejected: 0,
      heldOutLosses: [7.25, 6.5],
      notices: ['a notice'],
      nodes: [
        { name: 'authority_0', state: 'running', earned: 5n, peers: 1 },
        { name: 'node_1', state: 'running', earned: 70n, accepted: 4, loss: 6.25, training: true, memoryBytes: 2000 },
      ],
    });
  });

  it('keeps what it knew of a node that does not answer this time', async () => {
    const { documents, poller } = setUp();
    await poller.poll([]);
    for (const path of Object.keys(documents)) delete documents[path];
    expect(await poller.poll([])).toMatchObject({
      height: 10,
      heldOutLoss: 6.5,
      tokensPerSecond: 100,
      nodes: [{ state: 'silent' }, { state: 'silent', earned: 70n, loss: 6.25 }],
    });
  });

  it('tells nodes that start from those that fell silent or died', async () => {
    const { documents, exited, poller } = setUp();
    delete documents['2/api/v1/status'];
    expect((await poller.poll([])).nodes.map((node) => node.state)).toEqual(['running', 'starting']);
    exited.add('node_1');
    expect((await poller.poll([])).nodes.map((node) => node.state)).toEqual(['running', 'exited']);
  });

  it('takes absent and odd fields calmly', async () => {
    const { documents, poller } = setUp();
    documents['1/api/v1/network/info'] = { round: 'three', trainers: 'none' };
    documents['2/api/v1/training/status'] = {};
    const snapshot = await poller.poll([]);
    expect(snapshot).toMatchObject({ tokensPerSecond: 0, heldOutLosses: [], accepted: undefined });
    expect(snapshot.round).toBeUndefined();
  });
});
