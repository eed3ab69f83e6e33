import type { ExecutionHead } from '../execution/engine.ts';
import { type DecodedTransaction, decodeTransaction } from '../execution/transactions.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { poolError } from './errors.ts';
import {
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
  get(hash: Hash): DecodedTransaction | undefined;
  /** Executable transactions for the next block: each sender's in order of nonce, senders by tip. */
  select(): Promise<readonly Uint8Array[]>;
  /** The account's next nonce when all that is pooled without a gap goes through. */
  nextNonce(address: Address): Promise<bigint>;
  /** Forgets what the new head made final or impossible. */
  prune(included: readonly Hash[], dropped: readonly Hash[]): Promise<void>;
  readonly size: number;
}

interface AccountReader {
  balance(address: Address): Promise<bigint>;
  nonce(address: Address): Promise<bigint>;
}

export function createTransactionPool(
  options: { readonly chainId: number },
  dependencies: { readonly accounts: AccountReader; readonly head: () => ExecutionHead },
): TransactionPool {
  const { accounts, head } = dependencies;
  const byHash = new Map<Hex, DecodedTransaction>();
  const bySender = new Map<Hex, Map<bigint, DecodedTransaction>>();

  function remove(transaction: DecodedTransaction): void {
    byHash.delete(toHex(transaction.hash));
    const sender = toHex(transaction.from);
    const queue = bySender.get(sender);
    queue?.delete(transaction.nonce);
    if (queue?.size === 0) bySender.delete(sender);
  }

  async function nextNonce(address: Address): Promise<bigint> {
    let nonce = await accounts.nonce(address);
    const queue = bySender.get(toHex(address));
    while (queue?.has(nonce)) nonce++;
    return nonce;
  }

  function tip(transaction: DecodedTransaction): bigint {
    const room = transaction.maxFeePerGas - head().baseFeePerGas;
    return room < transaction.maxPriorityFeePerGas ? room : transaction.maxPriorityFeePerGas;
  }

  /** The pooled transaction that a fuller pool would miss least: the last nonce of the sender with the lowest tip. */
  function cheapest(): DecodedTransaction | undefined {
    let found: DecodedTransaction | undefined;
    for (const queue of bySender.values()) {
      const last = [...queue.values()].reduce((a, b) => (a.nonce > b.nonce ? a : b));
      if (found === undefined || tip(last) < tip(found)) found = last;
    }
    return found;
  }

  async function add(raw: Uint8Array): Promise<DecodedTransaction> {
    const transaction = decodeTransaction(raw, options.chainId);
    if (byHash.has(toHex(transaction.hash))) throw poolError('POOL_KNOWN', 'already known');
    const { baseFeePerGas, gasLimit } = head();
    if (transaction.gasLimit > gasLimit) throw poolError('POOL_GAS_LIMIT', `exceeds block gas limit: ${gasLimit}`);
    if (transaction.maxFeePerGas < baseFeePerGas) {
      throw poolError(
        'POOL_UNDERPRICED',
        `max fee per gas less than block base fee: maxFeePerGas ${transaction.maxFeePerGas}, baseFee ${baseFeePerGas}`,
      );
    }
    const [nonce, balance] = [await accounts.nonce(transaction.from), await accounts.balance(transaction.from)];
    if (transaction.nonce < nonce) {
      throw poolError('POOL_NONCE_TOO_LOW', `nonce too low: next nonce ${nonce}, tx nonce ${transaction.nonce}`);
    }
    if (transaction.nonce >= nonce + BigInt(MAX_POOLED_TRANSACTIONS_PER_SENDER)) {
      throw poolError('POOL_NONCE_TOO_HIGH', `nonce too high: next nonce ${nonce}, tx nonce ${transaction.nonce}`);
    }
    const sender = toHex(transaction.from);
    const queue = bySender.get(sender) ?? new Map<bigint, DecodedTransaction>();
    const replaced = queue.get(transaction.nonce);
    const cost = (t: DecodedTransaction) => t.gasLimit * t.maxFeePerGas + t.value;
    const others = [...queue.values()].filter((t) => t !== replaced && t.nonce >= nonce);
    const total = others.reduce((sum, t) => sum + cost(t), cost(transaction));
    if (total > balance) {
      throw poolError('POOL_INSUFFICIENT_FUNDS', `insufficient funds for gas * price + value: have ${balance}, want ${total}`);
    }
    if (replaced !== undefined) {
      const raised = (now: bigint, before: bigint) => now * 100n >= before * (100n + MIN_REPLACEMENT_PERCENT);
      if (
        !raised(transaction.maxFeePerGas, replaced.maxFeePerGas) ||
        !raised(transaction.maxPriorityFeePerGas, replaced.maxPriorityFeePerGas)
      ) {
        throw poolError('POOL_UNDERPRICED', 'replacement transaction underpriced');
      }
      remove(replaced);
    } else if (byHash.size >= MAX_POOLED_TRANSACTIONS) {
      const victim = cheapest();
      if (victim === undefined || tip(victim) >= tip(transaction)) throw poolError('POOL_FULL', 'txpool is full');
      remove(victim);
    }
    const current = bySender.get(sender) ?? queue;
    current.set(transaction.nonce, transaction);
    bySender.set(sender, current);
    byHash.set(toHex(transaction.hash), transaction);
    return transaction;
  }

  const additions = createMutex();

  return {
    // One at a time: the sum of an account's pooled costs is checked across awaits.
    add: (raw) => additions.run(() => add(raw)),
    get: (hash) => byHash.get(toHex(hash)),
    async select() {
      const heads: { queue: Map<bigint, DecodedTransaction>; next: DecodedTransaction }[] = [];
      for (const queue of bySender.values()) {
        const [first] = queue.values();
        if (first === undefined) continue;
        const next = queue.get(await accounts.nonce(first.from));
        if (next !== undefined && next.maxFeePerGas >= head().baseFeePerGas) heads.push({ queue, next });
      }
      const selected: Uint8Array[] = [];
      let bytes = 0;
      while (heads.length > 0) {
        const best = heads.reduce((a, b) => (tip(b.next) > tip(a.next) ? b : a));
        bytes += best.next.raw.length;
        if (bytes > MAX_TRANSACTION_BYTES_PER_BLOCK) break;
        selected.push(best.next.raw);
        const following = best.queue.get(best.next.nonce + 1n);
        if (following === undefined) heads.splice(heads.indexOf(best), 1);
        else best.next = following;
      }
      return selected;
    },
    nextNonce,
    async prune(included, dropped) {
      for (const hash of [...included, ...dropped]) {
        const transaction = byHash.get(toHex(hash));
        if (transaction !== undefined) remove(transaction);
      }
      for (const queue of [...bySender.values()]) {
        const [first] = queue.values();
        if (first === undefined) continue;
        const nonce = await accounts.nonce(first.from);
        for (const transaction of [...queue.values()]) if (transaction.nonce < nonce) remove(transaction);
      }
    },
    get size() {
      return byHash.size;
    },
  };
}
