import type { OperationPool } from '../chain/operation-pool.ts';
import type { TransactionPool } from '../chain/transaction-pool.ts';
import { decodeConsensusMessage, encodeConsensusMessage } from '../codec/consensus-messages.ts';
import { decodeSignedOperation, encodeSignedOperation } from '../codec/operations.ts';
import type { ConsensusMessage, SignedOperation } from '../codec/types.ts';
import type { ConsensusDriver } from '../consensus/types.ts';
import type { Judgement, Network } from '../network/network.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';

/** Binds gossip to pools and consensus: what comes in is judged, what is new goes out. */
export interface Gossip {
  sendConsensus(message: ConsensusMessage): void;
  /** Pools an own operation and, the first time or when `again`, tells the network. */
  sendOperation(signed: SignedOperation): void;
  sendTransaction(raw: Uint8Array): Promise<Hash>;
}

/** Pool refusals that say nothing about the sender: another node's view of the state may differ. */
const HARMLESS = /^POOL_/;

export function createGossip(dependencies: {
  readonly network: Network;
  readonly operations: OperationPool;
  readonly transactions: TransactionPool;
  readonly driver: () => ConsensusDriver;
  readonly log: Logger;
}): Gossip {
  const { network, operations, transactions, driver, log } = dependencies;

  const publish = (topic: 'operations' | 'transactions' | 'consensus', bytes: Uint8Array) => {
    network.publish(topic, bytes).catch((error) => log.debug({ topic, reason: messageOf(error) }, 'could not gossip'));
  };

  /** Height that a sender must have reached for a message of its to be about `height`. */
  async function judgeConsensus(bytes: Uint8Array, from: string, lag: number): Promise<Judgement> {
    const message = decodeConsensusMessage(bytes);
    const { height } = message.kind === 'proposal' ? message.proposal : message.vote;
    const judgement = await driver().receive(message);
    if (judgement !== 'reject') network.noteHeight(from, height - lag);
    return judgement;
  }

  network.subscribe('consensus', (bytes, from) => judged(() => judgeConsensus(bytes, from, 2)));
  network.onDirect('consensus', (bytes, from) => judged(() => judgeConsensus(bytes, from, 1)));
  network.subscribe('operations', (bytes) =>
    judged(async () => {
      const outcome = operations.add(decodeSignedOperation(bytes));
      return outcome === 'added' ? 'accept' : outcome === 'forged' ? 'reject' : 'ignore';
    }),
  );
  network.subscribe('transactions', (bytes) =>
    judged(async () => {
      await transactions.add(bytes);
      return 'accept';
    }),
  );

  return {
    sendConsensus(message) {
      const bytes = encodeConsensusMessage(message);
      network.sendToAll('consensus', bytes);
      publish('consensus', bytes);
    },
    sendOperation(signed) {
      operations.add(signed);
      publish('operations', encodeSignedOperation(signed));
    },
    async sendTransaction(raw) {
      const { hash } = await transactions.add(raw);
      publish('transactions', raw);
      return hash;
    },
  };
}

/** Bytes that do not decode, or break a rule that everybody applies alike, are the sender's fault. */
async function judged(judge: () => Promise<Judgement>): Promise<Judgement> {
  try {
    return await judge();
  } catch (error) {
    if (isPolError(error)) return HARMLESS.test(error.code) ? 'ignore' : 'reject';
    throw error;
  }
}
