import { describe, expect, it } from 'vitest';
import { WEI_PER_POL } from '../../primitives/units.ts';
import type { DevnetSnapshot, NodeSnapshot } from './snapshot.ts';
import { sparkline } from './sparkline.ts';
import { renderView, type ViewOptions } from './view.ts';

const START = 1_700_000_000_000;

function node(index: number, role: NodeSnapshot['role'], more: Partial<NodeSnapshot> = {}): NodeSnapshot {
  const name = `${role === 'authority' ? 'authority' : 'node'}_${index}`;
  const common = {
    name,
    role,
    apiUrl: `http://127.0.0.1:${8080 + index}`,
    state: 'running',
    height: 1234,
    peers: 5,
    memoryBytes: 210 * 2 ** 20,
  } as const;
  const own =
    role === 'authority'
      ? { earned: (WEI_PER_POL * 25n) / 3n }
      : { earned: 7n * WEI_PER_POL, accepted: 6, rejected: 0, training: true, tokensPerSecond: 1400.4, loss: 5.43219 };
  return { ...common, ...own, ...more };
}

const SNAPSHOT: DevnetSnapshot = {
  chainId: 5263180,
  startedAt: START,
  now: START + 192_000,
  lastBlockAt: START + 191_500,
  height: 1234,
  round: 7,
  settledRound: 5,
  trainingLoss: 5.43219,
  heldOutLoss: 5.6,
  heldOutAccuracy: 0.1,
  tokensPerSecond: 4201.2,
  accepted: 17,
  rejected: 1,
  heldOutLosses: [8.3, 7.1, 6.6, 6.1, 5.8, 5.6],
  nodes: [
    node(0, 'authority'),
    node(1, 'authority'),
    node(2, 'authority'),
    node(3, 'trainer'),
    node(4, 'trainer', { accepted: 5, rejected: 1, training: false }),
    node(5, 'trainer', { state: 'silent' }),
  ],
  notices: [],
};
const OPTIONS: ViewOptions = { columns: 100, rows: 40, color: false, resumeWith: 'npm start' };

function render(snapshot: Partial<DevnetSnapshot> = {}, options: Partial<ViewOptions> = {}): string {
  return renderView({ ...SNAPSHOT, ...snapshot }, { ...OPTIONS, ...options }).join('\n');
}

describe('renderView', () => {
  it('shows everything at 100 columns', () => {
    expect(render()).toMatchInlineSnapshot(`
      "pol-node devnet  chain 5263180 · 3 authorities, 3 trainers · up 3 min 12 s

      height   1,234   round 7
      loss     training 5.4322   held-out 5.6000  █▅▄▂▂▁
      speed    4,201 tokens/s
      proofs   17 accepted   1 rejected

      NODE         STATE      HEIGHT  PEERS    LOSS  TOKENS/S  EARNED POL  PROOFS   MEMORY
      authority_0  authority   1,234      5       –         –      8.3333       –  210 MiB
      authority_1  authority   1,234      5       –         –      8.3333       –  210 MiB
      authority_2  authority   1,234      5       –         –      8.3333       –  210 MiB
      node_3       training    1,234      5  5.4322     1,400           7       6  210 MiB
      node_4       waiting     1,234      5  5.4322     1,400           7    5 −1  210 MiB
      node_5       silent      1,234      5  5.4322     1,400           7       6  210 MiB

      APIs     http://127.0.0.1:8080  JSON-RPC, /api/v1 and OpenAI /v1; others on 8081 8082 8083 8084 8085
      Ctrl-C stops; npm start resumes"
    `);
  });

  it('drops the columns that matter least at 60 columns', () => {
    expect(render({}, { columns: 60 })).toMatchInlineSnapshot(`
      "pol-node devnet  chain 5263180 · 3 authorities, 3 trainers …

      height   1,234   round 7
      loss     training 5.4322   held-out 5.6000  █▅▄▂▂▁
      speed    4,201 tokens/s
      proofs   17 accepted   1 rejected

      NODE         STATE      HEIGHT    LOSS  EARNED POL  PROOFS
      authority_0  authority   1,234       –      8.3333       –
      authority_1  authority   1,234       –      8.3333       –
      authority_2  authority   1,234       –      8.3333       –
      node_3       training    1,234  5.4322           7       6
      node_4       waiting     1,234  5.4322           7    5 −1
      node_5       silent      1,234  5.4322           7       6

      APIs     http://127.0.0.1:8080  JSON-RPC, /api/v1 and OpenA…
      Ctrl-C stops; npm start resumes"
    `);
  });

  it('is never wider or longer than the terminal, whatever its size', () => {
    for (const columns of [1, 2, 10, 25, 40, 60, 80, 200]) {
      for (const rows of [1, 2, 5, 10, 18, 24, 50]) {
        const lines = renderView(SNAPSHOT, { ...OPTIONS, columns, rows });
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('says what is missing while nodes start, and shows dashes for what is not known', () => {
    const starting = SNAPSHOT.nodes.map(({ name, role, apiUrl }): NodeSnapshot => ({ name, role, apiUrl, state: 'starting' }));
    const text = render({ nodes: starting, height: undefined, round: undefined, heldOutLoss: undefined, heldOutLosses: [] });
    expect(text).toContain('starting: 0 of 6 nodes answer');
    expect(text).toContain('height   –   round –');
    expect(text).not.toContain('NaN');
  });

  it('tells when no block comes, and which node has died', () => {
    const text = render({ lastBlockAt: SNAPSHOT.now - 31_000, notices: ['node_5 exited (code 1): no space left on device'] });
    expect(text).toContain('no new block for 31 s');
    expect(text).toContain('node_5 exited (code 1): no space left');
  });

  it('colours only when asked to, and keeps the text the same', () => {
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
    const colored = render({}, { color: true });
    expect(colored).toMatch(escapes);
    expect(colored.replace(escapes, '').replace(/ +$/gm, '')).toBe(render());
  });
});

describe('sparkline', () => {
  it('runs from the lowest bar to the highest', () => {
    expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 10)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([5, 5], 10)).toBe('▁▁');
    expect(sparkline([], 10)).toBe('');
  });

  it('averages what does not fit', () => {
    expect(sparkline([8, 8, 4, 4, 0, 0], 3)).toBe('█▅▁');
    expect(
      sparkline(
        Array.from({ length: 1000 }, (_, index) => index),
        40,
      ),
    ).toHaveLength(40);
  });
});
