import { randomBytes } from 'node:crypto';
import type { OperationPool } from '../chain/operation-pool.ts';
import type { TransactionPool } from '../chain/transaction-pool.ts';
import { decodeConsensusMessage, encodeConsensusMessage } from '../codec/consensus-messages.ts';
import { decodeSignedOperation, encodeSignedOperation } from '../codec/operations.ts';
import type { ConsensusMessage, SignedOperation } from '../codec/types.ts';
import type { ConsensusDriver } from '../consensus/types.ts';
import type { Judgement, Network } from '../network/network.ts';
import { createTokenBucket, type TokenBucket } from '../network/token-bucket.ts';
import { concatBytes, fromHex, type Hex, toHex } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import { createTransactionBatches, decodeBatch } from './transaction-batches.ts';

/** Binds gossip to pools and consensus: what comes in is judged, what is new goes out. */
export interface Gossip {
  sendConsensus(message: ConsensusMessage): void;
  /** Pools an own operation and tells the network, once a height and only while the next block could carry it. */
  sendOperation(signed: SignedOperation): void;
  /** Pools a transaction and tells the network; again some blocks later, for as long as it waits. @throws POOL_*, EXECUTION_TX_* */
  sendTransaction(raw: Uint8Array): Promise<Hash>;
  /** Call after each final block: tells the network again of transactions sent from here that still wait. */
  afterBlock(): void;
}

/**
 * gossipsub passes a message on once: what was published while no peer listened, or what a peer lost, it would call a
 * duplicate for minutes. So operations and transactions travel behind random bytes, and saying one again is a new message.
 */
const SALT_BYTES = 8;
const unsalted = (message: Uint8Array): Uint8Array => message.subarray(SALT_BYTES);

/** Blocks that a transaction waits before it is told again: most are in the next one. */
const TRANSACTION_RETRY_BLOCKS = 3;

/**
 * Transactions of no use here that one peer may bring: unpayable, or of a wrong nonce. Each costs the recovery of a signature, and is
 * no proof of ill will; so many are. What is passed on is at least half useful, so that nobody is made to bring others' floods.
 */
const USELESS_TRANSACTIONS = { perSecond: 100, burst: 5_000 } as const;
/** Transactions of one peer that wait to be looked at, beyond which it is not listened to: a flood is judged only once its first are done. */
const MAX_WAITING_TRANSACTIONS = 10_000;
const MAX_RATED_PEERS = 1_024;

/** What one peer's transactions were worth, and how many nobody has looked at yet. */
interface Sender {
  readonly patience: TokenBucket;
  waiting: number;
}

/** Pool refusals that say nothing about the sender: another node's view of the state may differ. */
const HARMLESS = /^POOL_/;

export function createGossip(dependencies: {
  readonly network: Network;
  readonly operations: OperationPool;
  readonly transactions: TransactionPool;
  readonly driver: () => ConsensusDriver;
  readonly clock: Pick<Clock, 'after' | 'now'>;
  readonly log: Logger;
  readonly random?: (bytes: number) => Uint8Array;
}): Gossip {
  const { network, operations, transactions, driver, clock, log, random = randomBytes } = dependencies;
  const salted = (bytes: Uint8Array): Uint8Array => concatBytes(random(SALT_BYTES), bytes);

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
  network.subscribe('operations', (message) =>
    judged(async () => {
      const outcome = operations.add(decodeSignedOperation(unsalted(message)));
      // One told again is passed on once a height: those behind this node may lack it, and nobody can multiply it further.
      return outcome === 'added' || outcome === 'again' ? 'accept' : outcome === 'forged' ? 'reject' : 'ignore';
    }),
  );
  const senders = new Map<string, Sender>();
  /** The peer that was heard first is forgotten first. */
  function senderOf(peer: string): Sender {
    const known = senders.get(peer);
    if (known !== undefined) return known;
    const [oldest] = senders.keys();
    if (senders.size >= MAX_RATED_PEERS && oldest !== undefined) senders.delete(oldest);
    const sender = { patience: createTokenBucket(USELESS_TRANSACTIONS, clock), waiting: 0 };
    senders.set(peer, sender);
    return sender;
  }

  network.subscribe('transactions', (message, from) =>
    judged(async () => {
      const raws = decodeBatch(unsalted(message));
      const sender = senderOf(from);
      // Cheapest first: what is left after a flood is not looked at.
      if (sender.patience.waitMs() > 0) return 'reject';
      if (sender.waiting + raws.length > MAX_WAITING_TRANSACTIONS) return 'ignore';
      sender.waiting += raws.length;
      try {
        return await judgeTransactions(raws, sender.patience);
      } finally {
        sender.waiting -= raws.length;
      }
    }),
  );

  async function judgeTransactions(raws: readonly Uint8Array[], patience: TokenBucket): Promise<Judgement> {
    await transactions.expect(raws);
    let useful = 0;
    let useless = 0;
    for (const raw of raws) {
      const outcome = await addTransaction(raw);
      if (outcome === 'invalid') return 'reject';
      if (outcome === 'useful') useful++;
      if (outcome === 'useless') useless++;
    }
    patience.owe(useless);
    // Passed on when something in it is new here, and worth the rest.
    return useful > 0 && useful >= useless ? 'accept' : 'ignore';
  }

  async function addTransaction(raw: Uint8Array): Promise<'useful' | 'known' | 'useless' | 'invalid'> {
    try {
      await transactions.add(raw);
      return 'useful';
    } catch (error) {
      if (!isPolError(error)) throw error;
      // A full pool is nobody's fault.
      if (error.code === 'POOL_KNOWN' || error.code === 'POOL_FULL') return 'known';
      return HARMLESS.test(error.code) ? 'useless' : 'invalid';
    }
  }

  const batches = createTransactionBatches({ clock, publish: (message) => publish('transactions', salted(message)) });

  /** Transactions sent from here, with the number of blocks since they were told. */
  const own = new Map<Hex, { readonly raw: Uint8Array; waited: number }>();

  return {
    sendConsensus(message) {
      const bytes = encodeConsensusMessage(message);
      network.sendToAll('consensus', bytes);
      publish('consensus', bytes);
    },
    sendOperation(signed) {
      if (!operations.applies(signed.operation)) return;
      const outcome = operations.add(signed);
      if (outcome === 'added' || outcome === 'again') publish('operations', salted(encodeSignedOperation(signed)));
    },
    async sendTransaction(raw) {
      const { hash } = await transactions.add(raw);
      own.set(toHex(hash), { raw, waited: 0 });
      batches.send(raw);
      return hash;
    },
    afterBlock() {
      for (const [hash, entry] of own) {
        if (transactions.get(fromHex(hash)) === undefined) own.delete(hash);
        else if (++entry.waited % TRANSACTION_RETRY_BLOCKS === 0) batches.send(entry.raw);
      }
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
