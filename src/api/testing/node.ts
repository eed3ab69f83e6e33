import { onTestFinished } from 'vitest';
import { createOwnOperations } from '../../chain/duties/own-operations.ts';
import { agree, authority, CONTEXT, GENESIS, openNode, type TestNode } from '../../chain/testing/network.ts';
import type { CompletionService, NodeView } from '../../chain/view.ts';
import { headerHash } from '../../codec/blocks.ts';
import { alice } from '../../execution/testing/fixture.ts';
import { signTransaction } from '../../execution/transactions.ts';
import { silentLogger } from '../../primitives/log.ts';
import { WEI_PER_GWEI } from '../../primitives/units.ts';
import { type ApiServerOptions, createApiServer } from '../server.ts';

/** An API server over a real chain and execution engine in memory; the node's own account is alice. */

export const noCompletions: CompletionService = {
  contextLength: 64,
  vocabSize: 256,
  encode: async () => [1],
  decode: async () => 'a',
  settledModel: async () => {
    throw new Error('the test expected no model');
  },
  servedModel: async () => undefined,
  stats: () => ({ running: 0, waiting: 0 }),
  embed: async () => {
    throw new Error('the test expected no embedding');
  },
  complete: () => {
    throw new Error('the test expected no completion');
  },
};

export function viewOf(node: TestNode, parts: Partial<NodeView>): NodeView {
  const { chain, blocks, execution, transactions } = node;
  const submitTransaction = async (raw: Uint8Array) => (await transactions.add(raw)).hash;
  return {
    identity: {
      nodeId: 'api-test',
      version: '0.0.0',
      address: alice.address,
      isAuthority: true,
      trainingEnabled: true,
      genesis: GENESIS,
      genesisHash: CONTEXT.genesisHash,
      startedAt: 0,
      backend: 'reference',
      parameters: 1234,
    },
    execution: execution.reader,
    chain: {
      head: () => ({ height: chain.height, hash: chain.headHash, header: chain.headHeader }),
      syncing: () => undefined,
      state: () => chain.state,
      block(height) {
        const record = blocks.block(height);
        if (record === undefined) return undefined;
        const { block, certificate } = record.final;
        return {
          header: block.header,
          operations: block.operations,
          certificate,
          hash: headerHash(block.header),
          modelRoot: record.modelRoot,
        };
      },
      settledRound: blocks.settledRound,
      onBlock: (listener) => chain.onCommit(({ final }) => listener(final.block.header.height)),
      submitTransaction,
      expectTransactions: transactions.expect,
      pooled: (hash) => transactions.get(hash)?.raw,
      pendingNonce: transactions.nextNonce,
      get poolSize() {
        return transactions.size;
      },
      poolContent() {
        const { pending, queued } = transactions.content();
        return { pending: pending.map(({ raw }) => raw), queued: queued.map(({ raw }) => raw) };
      },
      onTransaction: (listener) => transactions.onAdded(({ hash }) => listener(hash)),
    },
    wallet: {
      address: alice.address,
      sign: alice.sign,
      async send({ to, value, data, gas, maxFeePerGas, maxPriorityFeePerGas, nonce, accessList = [] }) {
        const raw = signTransaction(
          {
            chainId: GENESIS.chain_id,
            nonce: nonce ?? (await transactions.nextNonce(alice.address)),
            gasLimit: gas ?? 1_000_000n,
            maxFeePerGas: maxFeePerGas ?? 10n * WEI_PER_GWEI,
            maxPriorityFeePerGas: maxPriorityFeePerGas ?? WEI_PER_GWEI,
            to,
            value: value ?? 0n,
            data: data ?? new Uint8Array(0),
            accessList,
          },
          alice,
        );
        return submitTransaction(raw);
      },
    },
    operator: {
      submit: createOwnOperations(CONTEXT, {
        signer: authority(0).signer,
        state: () => chain.state,
        send: (signed) => void node.operations.add(signed),
      }).submit,
      candidacy: async (generation) => {
        const { onion, secretOnion } = authority(generation);
        return { tip: onion.tip, secretTip: secretOnion.tip };
      },
    },
    training: () => ({ enabled: true, active: false, progress: undefined, utilisation: undefined, history: [] }),
    peers: () => [],
    addresses: () => ['/ip4/127.0.0.1/tcp/1/ws'],
    completions: noCompletions,
    chatTemplate: undefined,
    tokenizerFiles: undefined,
    ...parts,
  };
}

/** The same, ended with the test that started it. */
export async function startApi(...options: Parameters<typeof openApi>) {
  const opened = await openApi(...options);
  onTestFinished(() => opened.server.stop());
  return opened;
}

/** Whoever opens it stops its server. */
export async function openApi(
  parts: Partial<NodeView> = {},
  host = '127.0.0.1',
  options: Pick<ApiServerOptions, 'apiKeys' | 'spendingToken'> = {},
) {
  const node = await openNode();
  const server = createApiServer({ host, port: 0, ...options }, { view: viewOf(node, parts), log: silentLogger });
  const url = await server.start();

  async function post(body: string, headers: Record<string, string> = {}) {
    return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  }
  async function call(method: string, params: readonly unknown[] = [], headers: Record<string, string> = {}) {
    const response = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), headers);
    return (await response.json()) as { id: number; result?: unknown; error?: { code: number; message: string; data?: unknown } };
  }
  return {
    ...node,
    url,
    server,
    post,
    call,
    /** The result of a call that succeeds. */
    async result(method: string, ...params: readonly unknown[]) {
      const answer = await call(method, params);
      if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.code} ${answer.error.message}`);
      return answer.result;
    },
    /** The error of one that does not. */
    async error(method: string, ...params: readonly unknown[]) {
      return (await call(method, params)).error;
    },
    async get(path: string) {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, body: (await response.json()) as unknown };
    },
    block: () => agree(node),
  };
}
