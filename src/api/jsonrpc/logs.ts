import type { NodeView } from '../../chain/view.ts';
import type { StoredLog } from '../../execution/engine.ts';
import type { LogFilter } from '../../execution/logs.ts';
import type { Hash } from '../../primitives/hash.ts';
import { apiError } from '../errors.ts';
import { MAX_FILTER_ADDRESSES, MAX_FILTER_TOPICS } from '../limits.ts';
import { headerAt } from './blocks.ts';
import { data, quantity } from './format.ts';
import { isGiven, parseAddress, parseBlock, parseHash, parseObject } from './parse.ts';

/** A filter object: which logs, and of which blocks. */
export interface LogQuery {
  readonly filter: LogFilter;
  /** One block by its hash, or a range; undefined is the latest. */
  readonly blockHash: Hash | undefined;
  readonly from: number | 'latest' | undefined;
  readonly to: number | 'latest' | undefined;
}

const MAX_TOPIC_PLACES = 4;

/** @throws API_INVALID_REQUEST */
export function parseLogQuery(value: unknown, name: string): LogQuery {
  const fields = parseObject(value, name);
  const { blockHash, fromBlock, toBlock } = fields;
  if (isGiven(blockHash) && (isGiven(fromBlock) || isGiven(toBlock))) {
    throw apiError(
      'API_INVALID_REQUEST',
      `invalid argument ${name}: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other`,
    );
  }
  const numberOf = (block: unknown, field: string) => {
    if (!isGiven(block)) return undefined;
    const at = parseBlock(block, `${name}.${field}`);
    if (typeof at === 'object') throw apiError('API_INVALID_REQUEST', `invalid argument ${name}.${field}: must be a block number or tag`);
    return at;
  };
  return {
    filter: { addresses: parseAddresses(fields.address, `${name}.address`), topics: parseTopics(fields.topics, `${name}.topics`) },
    blockHash: isGiven(blockHash) ? parseHash(blockHash, `${name}.blockHash`) : undefined,
    from: numberOf(fromBlock, 'fromBlock'),
    to: numberOf(toBlock, 'toBlock'),
  };
}

/** @throws API_INVALID_REQUEST for a range that ends before it begins or after the head; API_NOT_FOUND for an unknown block */
export async function queryLogs(view: NodeView, { filter, blockHash, from, to }: LogQuery): Promise<readonly StoredLog[]> {
  const head = view.chain.head().height;
  if (blockHash !== undefined) {
    const receipts = view.execution.receipts(blockHash);
    const number = receipts === undefined ? undefined : headNumberOf(view, blockHash);
    if (number === undefined) throw apiError('API_NOT_FOUND', 'unknown block');
    return view.execution.logs(filter, number, number);
  }
  const first = from === undefined || from === 'latest' ? head : from;
  const last = to === undefined || to === 'latest' ? head : to;
  if (last > head) throw apiError('API_INVALID_REQUEST', 'block range extends beyond current head block');
  if (first > last) throw apiError('API_INVALID_REQUEST', 'invalid block range params');
  return view.execution.logs(filter, first, last);
}

export function logJson(log: StoredLog) {
  return {
    address: data(log.address),
    topics: log.topics.map(data),
    data: data(log.data),
    blockNumber: quantity(log.blockNumber),
    transactionHash: data(log.transactionHash),
    transactionIndex: quantity(log.transactionIndex),
    blockHash: data(log.blockHash),
    blockTimestamp: quantity(log.blockTimestamp),
    logIndex: quantity(log.logIndex),
    removed: false,
  };
}

function headNumberOf(view: NodeView, hash: Hash): number | undefined {
  return headerAt(view, hash)?.number;
}

function parseAddresses(value: unknown, name: string) {
  if (!isGiven(value)) return [];
  const items = Array.isArray(value) ? value : [value];
  if (items.length > MAX_FILTER_ADDRESSES)
    throw apiError('API_INVALID_REQUEST', `invalid argument ${name}: at most ${MAX_FILTER_ADDRESSES} addresses`);
  return items.map((item, i) => parseAddress(item, `${name}[${i}]`));
}

/** A place's topic, several of which one must match, or null for any. */
function parseTopics(value: unknown, name: string): readonly (readonly Hash[])[] {
  if (!isGiven(value)) return [];
  if (!Array.isArray(value)) throw apiError('API_INVALID_REQUEST', `invalid argument ${name}: must be an array`);
  if (value.length > MAX_TOPIC_PLACES) throw apiError('API_INVALID_REQUEST', `invalid argument ${name}: exceed max topics`);
  return value.map((place, i) => {
    if (!isGiven(place)) return [];
    const options = Array.isArray(place) ? place : [place];
    if (options.length > MAX_FILTER_TOPICS) throw apiError('API_INVALID_REQUEST', `invalid argument ${name}[${i}]: exceed max topics`);
    // A null among the options lets every topic match.
    return options.some((option) => !isGiven(option)) ? [] : options.map((option) => parseHash(option, `${name}[${i}]`));
  });
}
