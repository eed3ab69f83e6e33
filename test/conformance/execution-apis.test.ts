import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createFilters } from '../../src/api/jsonrpc/filters.ts';
import { createRpcHandler } from '../../src/api/jsonrpc/handler.ts';
import { RPC_METHODS } from '../../src/api/jsonrpc/registry.ts';
import { createTransactionPool } from '../../src/chain/transaction-pool.ts';
import type { NodeView } from '../../src/chain/view.ts';
import { importEthereumChain } from '../../src/execution/testing/ethereum-chain.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { silentLogger } from '../../src/primitives/log.ts';
import { blobTransactionHash } from './blob-transaction.ts';

/**
 * The vectors of ethereum/execution-apis: questions to a node that holds a given chain, and go-ethereum's answers. The chain
 * crosses every fork up to Osaka; this execution layer imports it without consensus seals, and the JSON-RPC methods answer over it.
 * Compared as hive does: the whole JSON but `error.message`; vectors marked "speconly" only in shape.
 */

const TESTS =
  process.env.EXECUTION_APIS_TESTS ?? fileURLToPath(new URL('../../../shared/conformance/execution-apis/tests', import.meta.url));

/** Groups that the requirement leaves out (docs/api.md says why); what of them is there is run and counted. */
const OPTIONAL = /^(debug_|testing_|txpool_|eth_simulateV1)/;

interface Exchange {
  readonly request: { readonly id: unknown };
  readonly response: Readonly<Record<string, unknown>>;
}
interface Vector {
  readonly method: string;
  readonly name: string;
  readonly isSpecOnly: boolean;
  readonly exchanges: readonly Exchange[];
}
type Verdict = 'exact' | 'shape' | 'wrong';

function readVectors(): readonly Vector[] {
  const folders = readdirSync(TESTS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name: method }) =>
    readdirSync(join(TESTS, method))
      .filter((file) => file.endsWith('.io'))
      .map((file) => parseVector(method, file, readFileSync(join(TESTS, method, file), 'utf8'))),
  );
}

function parseVector(method: string, name: string, text: string): Vector {
  const lines = text.split('\n');
  const marked = (mark: string) =>
    lines.filter((line) => line.startsWith(`${mark} `)).map((line) => JSON.parse(line.slice(mark.length + 1)));
  const answers = marked('<<');
  return {
    method,
    name,
    isSpecOnly: lines.some((line) => line.startsWith('// speconly:')),
    exchanges: marked('>>').map((request, i) => ({ request, response: answers[i] })),
  };
}

function withoutMessage(value: unknown): unknown {
  const response = value as { readonly error?: Readonly<Record<string, unknown>> };
  return response.error === undefined ? response : { ...response, error: { ...response.error, message: undefined } };
}

/** Fields that the schema lets a node leave out: this one deletes nothing. */
const OPTIONAL_FIELDS: ReadonlySet<string> = new Set(['deleteStrategy']);

/** Same fields and kinds of values, all the way down; lists by their first items. */
function sameShape(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === 0 || b.length === 0 || sameShape(a[0], b[0]);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return typeof a === typeof b;
  return Object.entries(b).every(
    ([key, value]) => OPTIONAL_FIELDS.has(key) || (key in a && sameShape((a as Record<string, unknown>)[key], value)),
  );
}

function judge(vector: Vector, answers: readonly unknown[]): Verdict {
  const pairs = vector.exchanges.map(({ response }, i) => [withoutMessage(answers[i]), withoutMessage(response)] as const);
  if (pairs.every(([given, wanted]) => isDeepStrictEqual(given, wanted))) return 'exact';
  return vector.isSpecOnly && pairs.every(([given, wanted]) => sameShape(given, wanted)) ? 'shape' : 'wrong';
}

async function openNode() {
  const files = {
    genesis: JSON.parse(readFileSync(join(TESTS, 'genesis.json'), 'utf8')),
    blocks: new Uint8Array(readFileSync(join(TESTS, 'chain.rlp'))),
  };
  const chain = await importEthereumChain(files);
  const { reader, head, context } = chain;
  const pool = createTransactionPool({ chainId: context.chainId }, { accounts: reader, head: () => head });
  const view = {
    identity: { genesis: { chain_id: context.chainId } },
    execution: reader,
    chain: {
      head: () => ({ height: head.number, hash: head.hash, header: undefined }),
      syncing: () => undefined,
      onTransaction: () => () => {},
      pooled: (hash: Uint8Array) => pool.get(hash)?.raw,
      pendingNonce: pool.nextNonce,
      poolContent() {
        const { pending, queued } = pool.content();
        return { pending: pending.map(({ raw }) => raw), queued: queued.map(({ raw }) => raw) };
      },
      // This chain's pool takes no blobs: the one vector that sends some is decoded here.
      submitTransaction: async (raw: Uint8Array) => (raw[0] === 3 ? blobTransactionHash(raw) : (await pool.add(raw)).hash),
    },
  } as unknown as NodeView;
  const answer = createRpcHandler(RPC_METHODS, silentLogger);
  const rpc = { view, maySpend: false, filters: createFilters({ view, clock: { now: () => 0 } }) };
  return { chain, ask: async (request: unknown) => JSON.parse(JSON.stringify(await answer(request, rpc))) as unknown };
}

function report(results: readonly { readonly vector: Vector; readonly verdict: Verdict }[]): string {
  const methods = [...new Set(results.map(({ vector }) => vector.method))];
  const count = (method: string, verdict: Verdict) => results.filter((r) => r.vector.method === method && r.verdict === verdict).length;
  const rows = methods.map((method) => {
    const total = results.filter((r) => r.vector.method === method).length;
    return `${method.padEnd(42)} ${count(method, 'exact')} exact, ${count(method, 'shape')} in shape, ${count(method, 'wrong')} wrong, of ${total}`;
  });
  const sum = (verdict: Verdict) => results.filter((r) => r.verdict === verdict).length;
  return [...rows, `all ${results.length}: ${sum('exact')} exact, ${sum('shape')} in shape, ${sum('wrong')} wrong`].join('\n');
}

describe('ethereum/execution-apis', () => {
  if (!existsSync(TESTS)) {
    it.skip('skipped: the vectors are not beside the project (shared/conformance/execution-apis)', () => {});
    return;
  }

  it('is answered as its vectors say', async () => {
    const { chain, ask } = await openNode();
    const wanted = JSON.parse(readFileSync(join(TESTS, 'headfcu.json'), 'utf8')).params[0].headBlockHash;
    expect(chain.head.number).toBe(54);
    expect(fromHex(wanted)).toEqual(new Uint8Array(chain.head.hash));

    const results: { vector: Vector; verdict: Verdict }[] = [];
    for (const vector of readVectors()) {
      const answers: unknown[] = [];
      for (const { request } of vector.exchanges) answers.push(await ask(request));
      const verdict = judge(vector, answers);
      results.push({ vector, verdict });
      if (verdict === 'wrong' && process.env.EXECUTION_APIS_SHOW !== undefined) {
        process.stdout.write(
          `${vector.method}/${vector.name}\n  given  ${JSON.stringify(answers).slice(0, 3000)}\n  wanted ${JSON.stringify(vector.exchanges.map((e) => e.response)).slice(0, 3000)}\n`,
        );
      }
    }
    process.stdout.write(`${report(results)}\n`);
    const required = results.filter(({ vector }) => !OPTIONAL.test(vector.method));
    expect(required.filter(({ verdict }) => verdict === 'wrong').map(({ vector }) => `${vector.method}/${vector.name}`)).toEqual([]);
    expect(required.length).toBeGreaterThanOrEqual(110);
  });
});
