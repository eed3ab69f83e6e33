import type { NodeView } from '../../chain/view.ts';
import type { StoredReceipt } from '../../execution/engine.ts';
import { type LogFilter, matchesLog } from '../../execution/logs.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { apiError } from '../errors.ts';
import { settledRoundJson } from '../view-models.ts';
import { headerAt, headerJson } from './blocks.ts';
import { data, quantity } from './format.ts';
import { logJson, parseLogQuery } from './logs.ts';
import { isGiven, parseText } from './parse.ts';
import { pooledTransactionJson } from './transactions.ts';

/** What a client may be told of as it happens. `rounds` and `proofs` are this chain's own. */
export type Topic =
  | { readonly kind: 'newHeads' | 'syncing' | 'rounds' | 'proofs' }
  | { readonly kind: 'newPendingTransactions'; readonly full: boolean }
  | { readonly kind: 'logs'; readonly filter: LogFilter };

const PLAIN_TOPICS = ['newHeads', 'syncing', 'rounds', 'proofs'] as const;

/** The parameters of eth_subscribe. @throws API_INVALID_REQUEST */
export function parseTopic([name, options]: readonly unknown[]): Topic {
  const kind = parseText(name, 'subscription');
  const plain = PLAIN_TOPICS.find((topic) => topic === kind);
  if (plain !== undefined) return { kind: plain };
  if (kind === 'logs') return { kind, filter: parseLogQuery(isGiven(options) ? options : {}, 'filter').filter };
  if (kind === 'newPendingTransactions') return { kind, full: options === true };
  throw apiError('API_INVALID_REQUEST', `no "${kind.slice(0, 40)}" subscription in eth namespace`);
}

/** Tells listeners of what happens, each of its topic. */
export interface SubscriptionHub {
  /** The function returned ends it. */
  listen(topic: Topic, emit: (result: unknown) => void): () => void;
  close(): void;
}

interface Listener {
  readonly topic: Topic;
  readonly emit: (result: unknown) => void;
}

/** One listener of the chain for all clients: a block is read once, however many are told of it. */
export function createSubscriptionHub(dependencies: { readonly view: NodeView }): SubscriptionHub {
  const { view } = dependencies;
  const listeners = new Set<Listener>();
  let settled = view.chain.state().settledRound;
  let isSyncing = view.chain.syncing() !== undefined;

  function tell(kind: Topic['kind'], results: () => readonly unknown[]): void {
    const wanted = [...listeners].filter(({ topic }) => topic.kind === kind);
    if (wanted.length === 0) return;
    for (const result of results()) for (const { emit } of wanted) emit(result);
  }

  function tellLogs(height: number): void {
    let receipts: readonly StoredReceipt[] | undefined;
    for (const { topic, emit } of [...listeners]) {
      if (topic.kind !== 'logs') continue;
      receipts ??= view.execution.receipts(height) ?? [];
      for (const { blockHash, blockNumber, blockTimestamp, transactionHash, index, logs } of receipts) {
        const place = { blockHash, blockNumber, blockTimestamp, transactionHash, transactionIndex: index };
        for (const log of logs) if (matchesLog(topic.filter, log)) emit(logJson({ ...log, ...place }));
      }
    }
  }

  const stopBlocks = view.chain.onBlock((height) => {
    tell('newHeads', () => {
      const header = headerAt(view, height);
      return header === undefined ? [] : [headerJson(header)];
    });
    tellLogs(height);
    tell('proofs', () => proofsOf(view, height));
    const newest = view.chain.state().settledRound;
    const rounds = Array.from({ length: Math.max(0, newest - settled) }, (_, i) => settled + 1 + i);
    settled = newest;
    tell('rounds', () =>
      rounds.map((round) => view.chain.settledRound(round)).flatMap((round) => (round ? [settledRoundJson(round)] : [])),
    );
    const syncing = view.chain.syncing();
    if ((syncing !== undefined) !== isSyncing) {
      isSyncing = syncing !== undefined;
      tell('syncing', () => [
        syncing === undefined
          ? false
          : { syncing: true, status: { currentBlock: quantity(syncing.current), highestBlock: quantity(syncing.highest) } },
      ]);
    }
  });
  const stopTransactions = view.chain.onTransaction((hash) => {
    for (const { topic, emit } of [...listeners]) {
      if (topic.kind !== 'newPendingTransactions') continue;
      const raw = topic.full ? view.chain.pooled(hash) : undefined;
      emit(raw === undefined ? data(hash) : pooledTransactionJson(raw));
    }
  });

  return {
    listen(topic, emit) {
      const listener = { topic, emit };
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      stopBlocks();
      stopTransactions();
      listeners.clear();
    },
  };
}

/** Proofs of training that a block carries. */
function proofsOf(view: NodeView, height: number) {
  return (view.chain.block(height)?.operations ?? []).flatMap(({ operation }) =>
    operation.type !== 'proof'
      ? []
      : [
          {
            height,
            trainer: checksumAddress(operation.trainer),
            round: operation.round,
            segments: operation.segments,
            tokens: operation.tokens,
            loss: operation.loss,
            update_hash: data(operation.updateHash),
          },
        ],
  );
}
