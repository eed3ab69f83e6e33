import { describe, expect, it } from 'vitest';
import { createGenesis } from '../../params/network-defaults.ts';
import { nodeConfigSchema } from '../../params/node-config.ts';
import { jsonResponse, type TestIoOptions, testIo } from '../testing/test-io.ts';
import type { ChildExit, NodeChild } from './child.ts';
import { runDevnet } from './devnet.ts';
import type { DevnetNode, NetworkFolder } from './network-folder.ts';

const GENESIS = createGenesis({
  name: 'test',
  timestamp: 1,
  authorities: [{ address: `0x${'11'.repeat(20)}`, onion_tip: `0x${'22'.repeat(32)}`, secret_onion_tip: `0x${'33'.repeat(32)}` }],
  data: { source: 'file:a', root: `0x${'33'.repeat(32)}`, tokens: 100, held_out_tokens: 10 },
});

function nodeOf(index: number, role: DevnetNode['role']): DevnetNode {
  return { name: `${role}_${index}`, role, configFile: 'c', config: nodeConfigSchema.parse({ api_port: 8080 + index }) };
}

const NETWORK: NetworkFolder = { directory: '/net', genesis: GENESIS, nodes: [nodeOf(0, 'authority'), nodeOf(1, 'trainer')] };

interface FakeChildren {
  readonly startNode: (node: DevnetNode) => NodeChild;
  /** In order: "stop trainer_1", "kill authority_0", … */
  readonly calls: string[];
  die(name: string, code: number): void;
}

/** Processes that stop when asked, unless they are stubborn. */
function fakeChildren(stubborn: readonly string[] = []): FakeChildren {
  const calls: string[] = [];
  const exits = new Map<string, (exit: ChildExit) => void>();
  return {
    calls,
    die: (name, code) => exits.get(name)?.({ code, signal: null }),
    startNode(node) {
      let ended = false;
      const exited = new Promise<ChildExit>((resolve) => {
        exits.set(node.name, (exit) => {
          ended = true;
          resolve(exit);
        });
      });
      const end = (call: string) => {
        calls.push(`${call} ${node.name}`);
        if (call === 'kill' || !stubborn.includes(node.name)) exits.get(node.name)?.({ code: 0, signal: null });
      };
      return { node, exited, hasExited: () => ended, stop: () => end('stop'), kill: () => end('kill'), lastWords: () => 'out of memory' };
    },
  };
}

/** Nodes whose height and settled round rise with every look; `onLook` sees how often that was. */
function risingChain(onLook: (looks: number) => void = () => {}): NonNullable<TestIoOptions['fetch']> {
  let looks = 0;
  return (url) => {
    if (!url.endsWith('/network/info')) return jsonResponse({ height: 10 + looks, history: [] });
    looks++;
    onLook(looks);
    return jsonResponse({
      round: looks + 1,
      settled_round: looks - 1,
      held_out_loss: 8 - looks / 10,
      held_out_round: looks - 1,
      proofs_accepted: looks,
      proofs_rejected: 0,
    });
  };
}

const OPTIONS = { network: NETWORK, rounds: undefined, json: false, resumeWith: 'npm start' };

describe('runDevnet', () => {
  it('stops by itself after the wanted rounds: trainers first, then authorities', async () => {
    const children = fakeChildren();
    const io = testIo({ fetch: risingChain() });
    await runDevnet({ ...OPTIONS, rounds: 2 }, children, io);
    expect(children.calls).toEqual(['stop trainer_1', 'stop authority_0']);
    expect(io.output()).toMatchInlineSnapshot(`
      "ready: 2 nodes; APIs at http://127.0.0.1:8080 http://127.0.0.1:8081
      round 0 settled: held-out loss 7.9000, proofs 1 accepted 0 rejected
      round 1 settled: held-out loss 7.8000, proofs 2 accepted 0 rejected
      round 2 settled: held-out loss 7.7000, proofs 3 accepted 0 rejected
      stopping: 2 rounds have settled
      stopped: npm start resumes
      "
    `);
  });

  it('prints JSON lines', async () => {
    const io = testIo({ fetch: risingChain() });
    await runDevnet({ ...OPTIONS, rounds: 1, json: true }, fakeChildren(), io);
    const events = io
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map((event) => event.event)).toEqual(['ready', 'round', 'round', 'stopping', 'stopped']);
    expect(events[1].snapshot).toMatchObject({ settledRound: 0, heldOutLoss: 7.9 });
  });

  it('stops on Ctrl-C; npm’s copy of the signal does not count as the second', async () => {
    const children = fakeChildren();
    const io = testIo({
      fetch: risingChain((looks) => {
        if (looks !== 3) return;
        io.interrupt();
        io.interrupt();
      }),
    });
    await runDevnet(OPTIONS, children, io);
    expect(io.output()).toContain('stopping: SIGINT\nstopped: npm start resumes\n');
    expect(io.exits).toEqual([]);
  });

  it('kills a node that does not stop in time, and ends at once on a second Ctrl-C', async () => {
    const children = fakeChildren(['trainer_1']);
    const io = testIo({ fetch: risingChain((looks) => looks === 2 && io.interrupt()) });
    await runDevnet(OPTIONS, children, io);
    expect(children.calls).toEqual(['stop trainer_1', 'kill trainer_1', 'stop authority_0']);
    expect(io.errors()).toContain('trainer_1 did not stop in 15 s and is killed');
    expect(io.errors()).toContain('stopping trainer_1 …');
  });

  it('reports a node that dies, keeps the others, and fails when the last has gone', async () => {
    const children = fakeChildren();
    const io = testIo({
      fetch: risingChain((looks) => {
        if (looks === 2) children.die('trainer_1', 1);
        if (looks === 5) children.die('authority_0', 9);
      }),
    });
    await expect(runDevnet(OPTIONS, children, io)).rejects.toMatchObject({ code: 'CLI_NODES_EXITED' });
    expect(io.output()).toContain('trainer_1 exited (code 1): out of memory [/net/logs/trainer_1.log]\n');
    expect(io.output()).toContain('round 3 settled');
    expect(children.calls).toEqual([]);
  });

  it('draws a live view on a terminal and gives the terminal back', async () => {
    const io = testIo({ terminal: true, fetch: risingChain() });
    await runDevnet({ ...OPTIONS, rounds: 2 }, fakeChildren(), io);
    const text = io.output();
    expect(text).toContain('\x1b[?1049h\x1b[?25l');
    expect(text.indexOf('\x1b[?25h\x1b[?1049l')).toBeGreaterThan(text.indexOf('pol-node devnet'));
    expect(text.slice(text.indexOf('\x1b[?1049l'))).toContain('Ctrl-C stops; npm start resumes');
    expect(text).toMatch(/stopped: npm start resumes\n$/);
  });
});
