import { createFilters } from '../../src/api/jsonrpc/filters.ts';
import { createRpcHandler } from '../../src/api/jsonrpc/handler.ts';
import { RPC_METHODS } from '../../src/api/jsonrpc/registry.ts';
import { parseChatRequest } from '../../src/api/openai/chat-request.ts';
import { createChatTemplate, DEFAULT_CHAT_TEMPLATE } from '../../src/api/openai/chat-template.ts';
import { viewOf } from '../../src/api/testing/node.ts';
import { openNode } from '../../src/chain/testing/network.ts';
import { alice, CHAIN_ID, signed } from '../../src/execution/testing/fixture.ts';
import { parseTransaction } from '../../src/execution/transactions.ts';
import { parseJson } from '../../src/learning/files.ts';
import { canonicalJson, genesisHash, parseGenesis } from '../../src/params/genesis.ts';
import { loadConfig } from '../../src/params/load-config.ts';
import { fromHex, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { systemClock } from '../../src/primitives/clock.ts';
import { isPolError } from '../../src/primitives/errors.ts';
import { silentLogger } from '../../src/primitives/log.ts';
import { testGenesis } from '../../src/protocol/testing/network.ts';
import type { FuzzTarget } from './target.ts';

const json = (document: unknown): Uint8Array => utf8(JSON.stringify(document));

/** Runs what a document is given to; a refusal must be typed. */
function refusing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isPolError(error)) return undefined;
    throw error;
  }
}

/** Bodies of `POST /`, against a chain and an execution engine in memory. An internal error counts as a crash. */
export async function rpcTarget(): Promise<FuzzTarget> {
  const node = await openNode();
  const view = viewOf(node, {});
  let failure: unknown;
  const log = {
    ...silentLogger,
    error(facts: object) {
      failure = 'err' in facts ? facts.err : facts;
    },
  };
  const answer = createRpcHandler(RPC_METHODS, log);
  const filters = createFilters({ view, clock: systemClock });
  const call = (method: string, ...params: readonly unknown[]) => ({ jsonrpc: '2.0', id: 1, method, params });
  const address = toHex(alice.address);
  const message = { from: address, to: address, data: '0x00', value: '0x1', gas: '0x5208' };
  const params: Readonly<Record<string, readonly unknown[]>> = {
    eth_call: [message, 'latest'],
    eth_estimateGas: [message],
    eth_getBalance: [address, 'latest'],
    eth_getStorageAt: [address, '0x0', 'latest'],
    eth_getProof: [address, ['0x0'], 'latest'],
    eth_getLogs: [{ fromBlock: '0x0', toBlock: 'latest', address, topics: [null, [`0x${'0'.repeat(64)}`]] }],
    eth_newFilter: [{ fromBlock: '0x0' }],
    eth_feeHistory: ['0x1', 'latest', [25, 75]],
    eth_getBlockByNumber: ['latest', true],
    eth_sendRawTransaction: ['0x02f8'],
    eth_createAccessList: [message, 'latest'],
  };
  return {
    form: 'json',
    seeds: [
      ...[...RPC_METHODS.keys()].map((name) => json(call(name, ...(params[name] ?? [])))),
      ...Object.entries(params).map(([name, list]) => json([call(name, ...list), { jsonrpc: '2.0', method: name, params: list }])),
    ],
    async run(input) {
      const document = parseJson(input);
      if (document === undefined) return [];
      failure = undefined;
      // Coins are spent in half of the calls.
      const response = await answer(document, { view, filters, maySpend: input.length % 2 === 0 });
      if (response !== undefined) JSON.stringify(response);
      if (failure !== undefined) throw failure;
      return [];
    },
  };
}

export function chatTarget(): FuzzTarget {
  const template = createChatTemplate(DEFAULT_CHAT_TEMPLATE);
  return {
    form: 'json',
    seeds: [
      json({ model: 'pol-gpt', messages: [{ role: 'user', content: 'Hello' }] }),
      json({
        model: 'pol-gpt',
        messages: [{ role: 'system', content: [{ type: 'text', text: 'a' }] }, { role: 'assistant' }],
        max_tokens: 5,
        temperature: 0.5,
        top_p: 0.9,
        seed: 3,
        stop: ['x'],
        stream: true,
        stream_options: { include_usage: true },
        n: 1,
        tools: null,
      }),
    ],
    run(input) {
      const document = parseJson(input);
      if (document !== undefined) refusing(() => parseChatRequest(document, template));
      return [];
    },
  };
}

/** A genesis that was accepted is the same network when its canonical text is read again. */
export function genesisTarget(): FuzzTarget {
  const zero = `0x${'00'.repeat(32)}`;
  const authorities = [{ address: `0x${'11'.repeat(20)}`, onion_tip: zero, secret_onion_tip: zero }];
  return {
    form: 'json',
    seeds: [json(testGenesis(authorities))],
    run(input) {
      const document = parseJson(input);
      const genesis = refusing(() => parseGenesis(document));
      if (genesis === undefined) return [];
      const again = parseGenesis(JSON.parse(canonicalJson(genesis)));
      if (toHex(genesisHash(again)) !== toHex(genesisHash(genesis))) throw new Error('a genesis changes when it is read again');
      return [];
    },
  };
}

export function configTarget(): FuzzTarget {
  return {
    form: 'json',
    seeds: [json({ node_id: 'a', port: 8000, api_port: 8080, training_enabled: true, boot_nodes: ['127.0.0.1:8000'], data_dir: 'd' })],
    run(input) {
      const text = new TextDecoder().decode(input);
      refusing(() => loadConfig({ file: { path: 'node.json', text }, workingDirectory: '/' }));
      return [];
    },
  };
}

/** EIP-2718 bytes from strangers. A transaction that was accepted is its own encoding. */
export function transactionTarget(): FuzzTarget {
  return {
    form: 'bytes',
    seeds: [signed(alice), signed(alice, { to: undefined, data: Uint8Array.of(1, 0, 2), value: 12n, gasLimit: 100_000n }), fromHex('0xc0')],
    run(input) {
      const transaction = refusing(() => parseTransaction(input, CHAIN_ID));
      return transaction === undefined ? [] : [transaction.serialize()];
    },
  };
}
