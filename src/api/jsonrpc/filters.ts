import { randomBytes } from 'node:crypto';
import type { NodeView } from '../../chain/view.ts';
import { toHex } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import type { Hash } from '../../primitives/hash.ts';
import { apiError } from '../errors.ts';
import { FILTER_IDLE_MS, MAX_FILTERS, MAX_REMEMBERED_PENDING } from '../limits.ts';
import { data } from './format.ts';
import { type LogQuery, logJson, queryLogs } from './logs.ts';

/** Installed filters: what eth_newFilter and its kin remember between a client's questions. */
export interface FilterRegistry {
  addLogs(query: LogQuery): string;
  addBlocks(): string;
  addPending(): string;
  /** False when there is no such filter. */
  remove(id: string): boolean;
  /** What is new since the last question. @throws API_FILTER_NOT_FOUND */
  changes(id: string): Promise<readonly unknown[]>;
  /** All logs that match. @throws API_FILTER_NOT_FOUND also for filters of other things */
  logs(id: string): Promise<readonly unknown[]>;
  close(): void;
}

type Filter = { usedAt: number } & (
  | { readonly kind: 'logs'; readonly query: LogQuery; next: number }
  | { readonly kind: 'blocks'; next: number }
  | { readonly kind: 'pending'; next: number }
);

const ID_BYTES = 16;

/**
 * A filter holds no results: blocks are final, so a position in the chain is enough. Pooled transactions are remembered once for
 * all filters.
 */
export function createFilters(dependencies: {
  readonly view: NodeView;
  readonly clock: Pick<Clock, 'now'>;
  readonly random?: (length: number) => Uint8Array;
}): FilterRegistry {
  const { view, clock, random = randomBytes } = dependencies;
  const filters = new Map<string, Filter>();
  /** Hashes of the newest pooled transactions, and the number of the first of them since the start. */
  const pending: Hash[] = [];
  let firstPending = 0;
  const stop = view.chain.onTransaction((hash) => {
    pending.push(hash);
    if (pending.length <= MAX_REMEMBERED_PENDING) return;
    pending.shift();
    firstPending++;
  });

  function forgetIdle(): void {
    const oldest = clock.now() - FILTER_IDLE_MS;
    for (const [id, { usedAt }] of filters) if (usedAt < oldest) filters.delete(id);
  }

  function add(filter: Filter): string {
    forgetIdle();
    if (filters.size >= MAX_FILTERS) throw apiError('API_LIMIT', `there are ${MAX_FILTERS} filters already: uninstall some`);
    const id = toHex(new Uint8Array(random(ID_BYTES)));
    filters.set(id, filter);
    return id;
  }

  function get(id: string): Filter {
    forgetIdle();
    const filter = filters.get(id);
    if (filter === undefined) throw apiError('API_FILTER_NOT_FOUND', 'filter not found');
    filter.usedAt = clock.now();
    return filter;
  }

  const head = () => view.chain.head().height;
  return {
    addLogs: (query) => add({ kind: 'logs', usedAt: clock.now(), query, next: head() + 1 }),
    addBlocks: () => add({ kind: 'blocks', usedAt: clock.now(), next: head() + 1 }),
    addPending: () => add({ kind: 'pending', usedAt: clock.now(), next: firstPending + pending.length }),
    remove: (id) => filters.delete(id),
    async changes(id) {
      const filter = get(id);
      if (filter.kind === 'pending') {
        const fresh = pending.slice(Math.max(0, filter.next - firstPending));
        filter.next = firstPending + pending.length;
        return fresh.map(data);
      }
      const last = head();
      const from = filter.next;
      filter.next = last + 1;
      if (from > last) return [];
      if (filter.kind === 'blocks') {
        const numbers = Array.from({ length: last - from + 1 }, (_, i) => from + i);
        return numbers.map((number) => view.execution.blockHash(number)).flatMap((hash) => (hash === undefined ? [] : [data(hash)]));
      }
      const { to } = filter.query;
      const until = typeof to === 'number' && to < last ? to : last;
      return from > until ? [] : (await view.execution.logs(filter.query.filter, from, until)).map(logJson);
    },
    async logs(id) {
      const filter = get(id);
      if (filter.kind !== 'logs') throw apiError('API_FILTER_NOT_FOUND', 'filter not found');
      return (await queryLogs(view, filter.query)).map(logJson);
    },
    close: stop,
  };
}
