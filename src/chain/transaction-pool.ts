import type { ExecutionHead } from '../execution/engine.ts';
import { MAX_EXECUTION_GAS_PER_BLOCK } from '../execution/limits.ts';
import type { SenderRecovery } from '../execution/senders.ts';
import { type DecodedTransaction, decodeTransaction } from '../execution/transactions.ts';
import { equalBytes, type Hex, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { poolError } from './errors.ts';
import { compareWorth, createEvictionOrder, type EvictionOrder, type Worth } from './eviction-order.ts';
import {
  MAX_POOLED_BYTES,
  MAX_POOLED_TRANSACTIONS,
  MAX_POOLED_TRANSACTIONS_PER_SENDER,
  MAX_TRANSACTION_BYTES_PER_BLOCK,
  MIN_REPLACEMENT_PERCENT,
} from './limits.ts';
import { createMutex } from './mutex.ts';

/** Signed transactions that wait for a block. At most one for each sender and nonce. */
export interface TransactionPool {
  /**
   * Checks a signed transaction against the head's state and keeps it.
   * @throws POOL_*, EXECUTION_TX_*
   */
  add(raw: Uint8Array): Promise<DecodedTransaction>;
  /** Readies what is about to be added, together: their senders are recovered on several threads. */
  expect(raws: readonly Uint8Array[]): Promise<void>;
  get(hash: Hash): DecodedTransaction | undefined;
  /** Executable transactions for the next block: each sender's in order of nonce, senders by tip. */
  select(): Promise<readonly Uint8Array[]>;
  /** The account's next nonce when all that is pooled without a gap goes through. */
  nextNonce(address: Address): Promise<bigint>;
  /** Forgets what the new head made final or impossible, and what `dropped` names. */
  prune(included: readonly { readonly hash: Hash; readonly from: Address }[], dropped: readonly Hash[]): Promise<void>;
  readonly size: number;
  /** Transactions in order of sender and nonce: without a gap before them, and behind one. */
  content(): { readonly pending: readonly DecodedTransaction[]; readonly queued: readonly DecodedTransaction[] };
  /** Calls back with each transaction that is kept. */
  onAdded(listener: (transaction: DecodedTransaction) => void): () => void;
}

interface AccountReader {
  balance(address: Address): Promise<bigint>;
  nonce(address: Address): Promise<bigint>;
}

interface Sender {
  /** Of the account at the head: only a block with a transaction of the sender's changes it. */
  nonce: bigint;
  readonly queue: Map<bigint, DecodedTransaction>;
}

/** The most that a transaction can cost its sender, wei. */
const costOf = ({ gasLimit, maxFeePerGas, value }: DecodedTransaction): bigint => gasLimit * maxFeePerGas + value;

/** A sender's transaction of the highest nonce. */
function lastOf({ queue }: Sender): DecodedTransaction | undefined {
  let last: DecodedTransaction | undefined;
  for (const transaction of queue.values()) if (last === undefined || transaction.nonce > last.nonce) last = transaction;
  return last;
}

export function createTransactionPool(
  options: { readonly chainId: number; readonly maxTransactions?: number; readonly maxBytes?: number },
  dependencies: {
    readonly accounts: AccountReader;
    readonly head: () => Pick<ExecutionHead, 'nextBaseFeePerGas' | 'gasLimit'>;
    /** Recovers senders elsewhere, before transactions take their turn here. */
    readonly recovery?: SenderRecovery;
  },
): TransactionPool {
  const { accounts, head, recovery } = dependencies;
  const { maxTransactions = MAX_POOLED_TRANSACTIONS, maxBytes = MAX_POOLED_BYTES } = options;
  const byHash = new Map<Hex, DecodedTransaction>();
  const senders = new Map<Hex, Sender>();
  let bytes = 0;
  /** Made when the pool is full; a new head changes every tip. */
  let order: EvictionOrder<DecodedTransaction> | undefined;
  const listeners = new Set<(transaction: DecodedTransaction) => void>();
  /** Additions and prunings take turns: each reads accounts, and changes the pool by what it read. */
  const serial = createMutex();

  /** `nonce` is the sender's account's. */
  function insert(transaction: DecodedTransaction, nonce: bigint): void {
    const name = toHex(transaction.from);
    const sender = senders.get(name) ?? { nonce, queue: new Map<bigint, DecodedTransaction>() };
    sender.nonce = nonce;
    sender.queue.set(transaction.nonce, transaction);
    senders.set(name, sender);
    byHash.set(toHex(transaction.hash), transaction);
    bytes += transaction.raw.length;
    reorder(sender);
  }

  function remove(transaction: DecodedTransaction): void {
    if (!byHash.delete(toHex(transaction.hash))) return;
    bytes -= transaction.raw.length;
    const name = toHex(transaction.from);
    const sender = senders.get(name);
    if (sender === undefined) return;
    sender.queue.delete(transaction.nonce);
    if (sender.queue.size === 0) senders.delete(name);
    else reorder(sender);
  }

  /** What a proposer earns by a unit of its gas, wei; negative when it does not pay the next block's base fee. */
  function tip({ maxFeePerGas, maxPriorityFeePerGas }: DecodedTransaction): bigint {
    const room = maxFeePerGas - head().nextBaseFeePerGas;
    return room < maxPriorityFeePerGas ? room : maxPriorityFeePerGas;
  }

  /** The first nonce that is not pooled. */
  function gapOf({ nonce, queue }: Sender): bigint {
    let next = nonce;
    while (queue.has(next)) next++;
    return next;
  }

  /** Only a sender's last nonce may leave: the ones after another would wait for it. Undefined: it is not that, or pooled no more. */
  function worthOf(transaction: DecodedTransaction): Worth | undefined {
    const sender = senders.get(toHex(transaction.from));
    if (sender === undefined || lastOf(sender) !== transaction) return undefined;
    return { isWaiting: transaction.nonce >= gapOf(sender), tip: tip(transaction) };
  }

  /** One behind a gap before any executable one, then by tip: a flood that can never be executed makes room for whatever can. */
  function evictionOrder(): EvictionOrder<DecodedTransaction> {
    order ??= createEvictionOrder(
      [...senders.values()].flatMap((sender) => {
        const item = lastOf(sender);
        const worth = item === undefined ? undefined : worthOf(item);
        return item === undefined || worth === undefined ? [] : [{ item, worth }];
      }),
    );
    return order;
  }

  /** Tells the order, when there is one, of a sender whose transactions changed. */
  function reorder(sender: Sender): void {
    const last = lastOf(sender);
    const worth = order === undefined || last === undefined ? undefined : worthOf(last);
    if (last !== undefined && worth !== undefined) order?.add(last, worth);
  }

  /** Lets less missed transactions go until this one has room: all that it takes, or none. @throws POOL_FULL */
  function makeRoom(transaction: DecodedTransaction, isWaiting: boolean): void {
    const own = { isWaiting, tip: tip(transaction) };
    const victims: { readonly transaction: DecodedTransaction; readonly nonce: bigint }[] = [];
    while (byHash.size >= maxTransactions || bytes + transaction.raw.length > maxBytes) {
      const victim = evictionOrder().least((item) => (equalBytes(item.from, transaction.from) ? undefined : worthOf(item)));
      if (victim === undefined || compareWorth(victim.worth, own) >= 0) {
        for (const { transaction: other, nonce } of victims.reverse()) insert(other, nonce);
        throw poolError('POOL_FULL', 'txpool is full');
      }
      const { item } = victim;
      victims.push({ transaction: item, nonce: senders.get(toHex(item.from))?.nonce ?? item.nonce });
      remove(item);
    }
  }

  async function add(raw: Uint8Array): Promise<DecodedTransaction> {
    // 1. It is valid apart from its sender's account, and new.
    const transaction = decodeTransaction(raw, options.chainId);
    if (byHash.has(toHex(transaction.hash))) throw poolError('POOL_KNOWN', 'already known');
    // 2. The next block could hold it, at that block's base fee.
    const { nextBaseFeePerGas, gasLimit } = head();
    if (transaction.gasLimit > gasLimit) throw poolError('POOL_GAS_LIMIT', `exceeds block gas limit: ${gasLimit}`);
    if (transaction.gasLimit - transaction.intrinsicGas > MAX_EXECUTION_GAS_PER_BLOCK) {
      throw poolError('POOL_GAS_LIMIT', `exceeds block gas limit for code: ${MAX_EXECUTION_GAS_PER_BLOCK} after intrinsic gas`);
    }
    if (transaction.maxFeePerGas < nextBaseFeePerGas) {
      throw poolError(
        'POOL_UNDERPRICED',
        `max fee per gas less than block base fee: maxFeePerGas ${transaction.maxFeePerGas}, baseFee ${nextBaseFeePerGas}`,
      );
    }
    // 3. Its nonce is to come, and near.
    const nonce = await accounts.nonce(transaction.from);
    const balance = await accounts.balance(transaction.from);
    if (transaction.nonce < nonce) {
      throw poolError('POOL_NONCE_TOO_LOW', `nonce too low: next nonce ${nonce}, tx nonce ${transaction.nonce}`);
    }
    if (transaction.nonce >= nonce + BigInt(MAX_POOLED_TRANSACTIONS_PER_SENDER)) {
      throw poolError('POOL_NONCE_TOO_HIGH', `nonce too high: next nonce ${nonce}, tx nonce ${transaction.nonce}`);
    }
    // 4. Its sender can pay for it beside everything else that is pooled.
    const name = toHex(transaction.from);
    const pooled = senders.get(name)?.queue;
    const replaced = pooled?.get(transaction.nonce);
    const others = [...(pooled?.values() ?? [])].filter((other) => other !== replaced && other.nonce >= nonce);
    const cost = others.reduce((sum, other) => sum + costOf(other), costOf(transaction));
    if (cost > balance) {
      throw poolError(
        'POOL_INSUFFICIENT_FUNDS',
        `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
      );
    }
    // 5. It replaces another only for clearly more, and takes the room of one that is missed less.
    if (replaced !== undefined) {
      const raised = (now: bigint, before: bigint) => now * 100n >= before * (100n + MIN_REPLACEMENT_PERCENT);
      if (
        !raised(transaction.maxFeePerGas, replaced.maxFeePerGas) ||
        !raised(transaction.maxPriorityFeePerGas, replaced.maxPriorityFeePerGas)
      ) {
        throw poolError('POOL_UNDERPRICED', 'replacement transaction underpriced');
      }
      remove(replaced);
    }
    try {
      makeRoom(transaction, transaction.nonce > gapOf({ nonce, queue: pooled ?? new Map() }));
    } catch (error) {
      if (replaced !== undefined) insert(replaced, nonce);
      throw error;
    } finally {
      // Looking for others' transactions took this sender's out of the order.
      const sender = senders.get(name);
      if (sender !== undefined) reorder(sender);
    }
    insert(transaction, nonce);
    for (const listener of listeners) listener(transaction);
    return transaction;
  }

  /** Drops a sender's transactions that its account can no longer execute. */
  async function review(name: Hex, address: Address): Promise<void> {
    const sender = senders.get(name);
    if (sender === undefined) return;
    sender.nonce = await accounts.nonce(address);
    const balance = await accounts.balance(address);
    for (const transaction of [...sender.queue.values()]) {
      if (transaction.nonce < sender.nonce || costOf(transaction) > balance) remove(transaction);
    }
  }

  async function select(): Promise<readonly Uint8Array[]> {
    const withTip = (transaction: DecodedTransaction) => ({ transaction, tip: tip(transaction) });
    /** Each sender's next transaction; the best tip, and of equals the oldest sender's, last, so that taking it moves nothing. */
    const next = [...senders.values()]
      .reverse()
      .flatMap(({ nonce, queue }) => queue.get(nonce) ?? [])
      .map(withTip)
      .filter((candidate) => candidate.tip >= 0n)
      .sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
    const selected: Uint8Array[] = [];
    let bytes = 0;
    for (let best = next.pop(); best !== undefined; best = next.pop()) {
      const { transaction } = best;
      // What does not fit waits, and its sender's later ones with it.
      if (bytes + transaction.raw.length > MAX_TRANSACTION_BYTES_PER_BLOCK) continue;
      bytes += transaction.raw.length;
      selected.push(transaction.raw);
      const following = senders.get(toHex(transaction.from))?.queue.get(transaction.nonce + 1n);
      if (following === undefined) continue;
      const candidate = withTip(following);
      if (candidate.tip < 0n) continue;
      let low = 0;
      for (let high = next.length; low < high; ) {
        const middle = (low + high) >>> 1;
        if ((next[middle]?.tip ?? 0n) < candidate.tip) low = middle + 1;
        else high = middle;
      }
      next.splice(low, 0, candidate);
    }
    return selected;
  }

  return {
    async add(raw) {
      await recovery?.prepare([raw]);
      return serial.run(() => add(raw));
    },
    expect: async (raws) => recovery?.prepare(raws),
    get: (hash) => byHash.get(toHex(hash)),
    select,
    async nextNonce(address) {
      const nonce = await accounts.nonce(address);
      return gapOf({ nonce, queue: senders.get(toHex(address))?.queue ?? new Map() });
    },
    prune: (included, dropped) =>
      serial.run(async () => {
        order = undefined;
        const changed = new Map(included.map(({ from }) => [toHex(from), from]));
        for (const hash of [...included.map((transaction) => transaction.hash), ...dropped]) {
          const transaction = byHash.get(toHex(hash));
          if (transaction !== undefined) remove(transaction);
        }
        for (const [name, address] of changed) await review(name, address);
      }),
    get size() {
      return byHash.size;
    },
    content() {
      const pending: DecodedTransaction[] = [];
      const queued: DecodedTransaction[] = [];
      for (const sender of senders.values()) {
        const gap = gapOf(sender);
        const byNonce = [...sender.queue.values()].sort((a, b) => (a.nonce < b.nonce ? -1 : 1));
        for (const transaction of byNonce) (transaction.nonce < gap ? pending : queued).push(transaction);
      }
      return { pending, queued };
    },
    onAdded(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
