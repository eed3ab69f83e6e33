import type { BlockStore } from '../chain/block-store.ts';
import type { Chain } from '../chain/chain.ts';
import type { TrainerDuty } from '../chain/duties/trainer.ts';
import { chainError } from '../chain/errors.ts';
import type { TransactionPool } from '../chain/transaction-pool.ts';
import type { ChainView, CompletionService, NodeView, OperatorView, TrainingStatus, WalletView } from '../chain/view.ts';
import { headerHash } from '../codec/blocks.ts';
import type { ExecutionReader } from '../execution/engine.ts';
import type { Network } from '../network/network.ts';
import type { BlockSync } from '../sync/block-sync.ts';
import type { TrainingHistory } from './training-history.ts';

/** The node as its APIs see it. */
export function createNodeView(parts: {
  readonly identity: NodeView['identity'];
  readonly chain: Chain;
  readonly blocks: BlockStore;
  readonly execution: ExecutionReader;
  readonly transactions: TransactionPool;
  readonly submitTransaction: ChainView['submitTransaction'];
  readonly expectTransactions: ChainView['expectTransactions'];
  readonly network: Network;
  readonly sync: BlockSync;
  readonly wallet: WalletView;
  readonly operator: OperatorView;
  readonly trainer: TrainerDuty | undefined;
  readonly history: TrainingHistory;
  readonly completions: CompletionService;
  readonly chatTemplate: NodeView['chatTemplate'];
  readonly tokenizerFiles: NodeView['tokenizerFiles'];
}): NodeView {
  const { chain, blocks, transactions, network, sync, trainer, history } = parts;
  return {
    identity: parts.identity,
    execution: parts.execution,
    wallet: parts.wallet,
    operator: parts.operator,
    completions: parts.completions,
    chatTemplate: parts.chatTemplate,
    tokenizerFiles: parts.tokenizerFiles,
    chain: {
      head: () => ({ height: chain.height, hash: chain.headHash, header: chain.headHeader }),
      syncing: () => sync.status,
      state: () => chain.state,
      block(height) {
        const record = blocks.block(height);
        if (record === undefined) {
          if (height < 1 || height > chain.height) return undefined;
          throw chainError(
            'CHAIN_HISTORY_ABSENT',
            `block ${height} is older than this node's history, for it joined later by a snapshot: ask a node that holds it`,
          );
        }
        const { block, certificate } = record.final;
        const { header, operations } = block;
        return { header, operations, certificate, hash: headerHash(header), modelRoot: record.modelRoot };
      },
      settledRound: blocks.settledRound,
      onBlock: (listener) => chain.onCommit(({ final }) => listener(final.block.header.height)),
      submitTransaction: parts.submitTransaction,
      expectTransactions: parts.expectTransactions,
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
    training: (): TrainingStatus => ({
      enabled: trainer !== undefined,
      active: trainer?.active ?? false,
      progress: trainer?.progress,
      utilisation: trainer?.utilisation,
      history: history.list(),
    }),
    peers: () => network.peers(),
    addresses: () => network.addresses(),
  };
}
