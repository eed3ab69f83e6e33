import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHAIN_ID, RICH_BALANCE } from '../../../src/execution/testing/fixture.ts';
import { liveNode } from '../../tools/node.ts';
import { ALICE } from '../../tools/token.ts';
import { foundryProgram, hasTool } from '../../tools/tools.ts';
import { CALLS, type Call, type Facts } from './calls.ts';
import { history } from './setup.ts';
import { type Answer, differences } from './shape.ts';

/**
 * The same questions to a node of ours and to Foundry's anvil, after the same history. Kinds of values and codes of errors must
 * agree; where they do not, docs/ethereum.md lists the difference and says why, and this test reads it there.
 */

const LEAST_CALLS = 150;
/** With ANVIL_SHOW set, answers that differ are printed, this much of each. */
const SHOWN_CHARACTERS = 300;
const PAGE = new URL('../../../docs/ethereum.md', import.meta.url);
const PATIENCE = { timeout: 120_000 };

const rpcOf = (url: string) => {
  let id = 0;
  return async (method: string, params: readonly unknown[]): Promise<Answer> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return (await response.json()) as Answer;
  };
};
type Rpc = ReturnType<typeof rpcOf>;

/** Sends the history, a block for each transaction, and learns what calls refer to. */
async function live(ask: Rpc): Promise<Facts> {
  const transactions: string[] = [];
  const blocks: string[] = [];
  const blockHash = async (number: number) =>
    ((await ask('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])).result as { hash: string }).hash;
  blocks.push(await blockHash(0));
  for (const [index, raw] of (await history()).entries()) {
    const { result, error } = await ask('eth_sendRawTransaction', [raw]);
    if (error !== undefined) throw new Error(`transaction ${index}: ${error.message}`);
    transactions.push(result as string);
    await expect.poll(async () => (await ask('eth_getTransactionReceipt', [result])).result, { timeout: 20_000 }).toBeTruthy();
    blocks.push(await blockHash(index + 1));
  }
  const [account] = (await ask('eth_accounts', [])).result as string[];
  return { transactions, blocks, account: account ?? '', filter: '' };
}

async function answers(ask: Rpc, facts: Facts): Promise<readonly Answer[]> {
  const given: Answer[] = [];
  let { filter } = facts;
  for (const { method, params, makesFilter } of CALLS) {
    const answer = await ask(method, await params({ ...facts, filter }));
    if (makesFilter === true) filter = String(answer.result);
    given.push(answer);
  }
  return given;
}

const nameOf = ({ method, about }: Call) => `${method}, ${about}`;

/** The rows of the page's table: a method and those of its calls that differ, the difference, and why. */
function explained(): readonly string[] {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => /^\| `[a-z0-9]+_\w+`: /.test(line));
  return rows.flatMap((row) => {
    const [, method, abouts, difference, reason] = /^\| `(\w+)`: (.+?) \| (.+?) \| (.+) \|$/.exec(row) ?? [];
    if (reason === undefined || abouts === undefined) throw new Error(`docs/ethereum.md: not a row of the table: ${row}`);
    return abouts.split('; ').map((about) => `${method}, ${about}: ${difference}`);
  });
}

describe.skipIf(!hasTool('@foundry-rs/anvil-linux-amd64'))('the same calls to a node and to anvil', () => {
  const node = liveNode();
  let anvil: ChildProcess;
  let anvilUrl: string;

  beforeAll(async () => {
    const flags = ['--port', '0', '--chain-id', `${CHAIN_ID}`, '--hardfork', 'cancun', '--gas-limit', '30000000'];
    anvil = spawn(foundryProgram('anvil'), flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    anvilUrl = await new Promise((resolve, reject) => {
      let output = '';
      anvil.once('exit', () => reject(new Error(`anvil ended: ${output}`)));
      anvil.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const listening = /Listening on (\S+)/.exec(output);
        if (listening !== null) resolve(`http://${listening[1]}`);
      });
    });
    await rpcOf(anvilUrl)('anvil_setBalance', [ALICE, `0x${RICH_BALANCE.toString(16)}`]);
  }, PATIENCE.timeout);
  afterAll(() => anvil?.kill());

  it('agree in kinds of values and codes of errors, but for what docs/ethereum.md explains', PATIENCE, async () => {
    expect(CALLS.length).toBeGreaterThanOrEqual(LEAST_CALLS);
    const [ask, askAnvil] = [rpcOf(node.http), rpcOf(anvilUrl)];
    const [ours, theirs] = [await answers(ask, await live(ask)), await answers(askAnvil, await live(askAnvil))];
    const found = CALLS.flatMap((call, i) =>
      differences(ours[i] as Answer, theirs[i] as Answer).map((difference) => `${nameOf(call)}: ${difference}`),
    );
    const differing = new Set(found.map((line) => line.split(': ')[0]));
    process.stdout.write(`${CALLS.length} calls: ${CALLS.length - differing.size} alike, ${differing.size} different as explained\n`);
    if (process.env.ANVIL_SHOW !== undefined) {
      for (const [i, call] of CALLS.entries()) {
        const found = differences(ours[i] as Answer, theirs[i] as Answer);
        if (found.length === 0) continue;
        const [mine, other] = [ours[i], theirs[i]].map((answer) => JSON.stringify(answer).slice(0, SHOWN_CHARACTERS));
        process.stdout.write(`${nameOf(call)}: ${found.join('; ')}\n   ours  ${mine}\n   anvil ${other}\n`);
      }
    }
    expect([...found].sort()).toEqual([...explained()].sort());
  });
});
