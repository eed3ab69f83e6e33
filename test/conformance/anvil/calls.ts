import { ALICE, balanceSlot, CAROL, SUPPLY, token } from '../../tools/token.ts';
import { COUNTER, NEXT_NONCE, REVERTER, read, signed, TOKEN, transfer } from './setup.ts';

/** What a call may refer to: facts that each node has its own of. */
export interface Facts {
  /** Hashes of the blocks, by number. */
  readonly blocks: readonly string[];
  /** Hashes of the history's transactions, in order; the same on both. */
  readonly transactions: readonly string[];
  /** An account that the node signs for. */
  readonly account: string;
  /** A filter that the call before made. */
  readonly filter: string;
}
export interface Call {
  readonly method: string;
  /** What is special about this call; names it together with the method. */
  readonly about: string;
  readonly params: (facts: Facts) => readonly unknown[] | Promise<readonly unknown[]>;
  /** Its answer is the filter that calls after it use. */
  readonly makesFilter?: boolean;
}

const NOBODY = `0x${'99'.repeat(20)}`;
const NO_HASH = `0x${'ab'.repeat(32)}`;
const NO_BLOCK = '0x64';
const fees = { type: 'eip1559', maxFeePerGas: 20_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n, gas: 100_000n };

function calls(method: string, table: Readonly<Record<string, readonly unknown[] | Call['params']>>): readonly Call[] {
  return Object.entries(table).map(([about, params]) => ({ method, about, params: typeof params === 'function' ? params : () => params }));
}

/** A method of one account at a block. */
const atBlocks = (method: string, ...start: readonly unknown[]) =>
  calls(method, {
    latest: [...start, 'latest'],
    'no block': start,
    earliest: [...start, 'earliest'],
    pending: [...start, 'pending'],
    safe: [...start, 'safe'],
    finalized: [...start, 'finalized'],
    'a number': [...start, '0x1'],
    'a number in an object': [...start, { blockNumber: '0x1' }],
    'a hash in an object': ({ blocks }) => [...start, { blockHash: blocks[1] }],
    'a block that is not there': [...start, NO_BLOCK],
    'a hash that is not there': [...start, { blockHash: NO_HASH }],
    'no such tag': [...start, 'soon'],
  });

const typedData = {
  types: { EIP712Domain: [{ name: 'name', type: 'string' }], Mail: [{ name: 'text', type: 'string' }] },
  primaryType: 'Mail',
  domain: { name: 'test' },
  message: { text: 'hello' },
};

const state = [
  ...atBlocks('eth_getBalance', ALICE),
  ...calls('eth_getBalance', { 'an unknown account': [NOBODY, 'latest'], 'a short address': ['0x1234', 'latest'], 'no parameters': [] }),
  ...atBlocks('eth_getTransactionCount', ALICE),
  ...calls('eth_getCode', { 'a contract': [TOKEN, 'latest'], 'an account': [ALICE, 'latest'], 'before it was there': [TOKEN, '0x0'] }),
  ...calls('eth_getStorageAt', {
    'a slot as a number': [COUNTER, '0x0', 'latest'],
    'a slot as a word': [TOKEN, balanceSlot(CAROL), 'latest'],
    'an empty slot': [COUNTER, '0x7', 'latest'],
    'a slot that is none': [COUNTER, 'x', 'latest'],
  }),
  ...calls('eth_getProof', {
    'an account': [ALICE, [], 'latest'],
    'a slot': [TOKEN, [balanceSlot(CAROL)], 'latest'],
    'an unknown account': [NOBODY, ['0x0'], 'latest'],
  }),
];

const executions = [
  ...calls('eth_call', {
    'a balance': [{ to: TOKEN, data: read('balanceOf', [CAROL]) }, 'latest'],
    'data as input': [{ to: TOKEN, input: read('totalSupply') }, 'latest'],
    'no block': [{ to: TOKEN, data: read('name') }],
    'at an earlier block': [{ to: TOKEN, data: read('totalSupply') }, '0x1'],
    'a custom error': [{ from: CAROL, to: TOKEN, data: transfer(SUPPLY) }, 'latest'],
    'a reason': [{ to: REVERTER }, 'latest'],
    'an account': [{ to: NOBODY }, 'latest'],
    'more coins than there are': [{ from: CAROL, to: ALICE, value: '0xffffffffffffffffffff' }, 'latest'],
    'too little gas': [{ from: ALICE, to: TOKEN, data: transfer(1n), gas: '0x5300' }, 'latest'],
    'less gas than any transaction': [{ from: ALICE, to: TOKEN, gas: '0x1' }, 'latest'],
    'a contract to create': [{ from: ALICE, data: token.bytecode + SUPPLY.toString(16).padStart(64, '0') }, 'latest'],
    'with fees': [
      { from: ALICE, to: TOKEN, data: read('totalSupply'), maxFeePerGas: '0x4a817c800', maxPriorityFeePerGas: '0x1' },
      'latest',
    ],
    'two kinds of fees': [{ from: ALICE, to: TOKEN, gasPrice: '0x1', maxFeePerGas: '0x1' }, 'latest'],
    'a balance that is pretended': [{ from: NOBODY, to: CAROL, value: '0x1' }, 'latest', { [NOBODY]: { balance: '0x5' } }],
    'a slot that is pretended': [
      { to: TOKEN, data: read('balanceOf', [NOBODY]) },
      'latest',
      { [TOKEN]: { stateDiff: { [balanceSlot(NOBODY as `0x${string}`)]: `0x${'7'.padStart(64, '0')}` } } },
    ],
    'code that is pretended': [{ to: NOBODY }, 'latest', { [NOBODY]: { code: '0x60015f5260205ff3' } }],
    'a block that is not there': [{ to: TOKEN }, NO_BLOCK],
    'data of odd length': [{ to: TOKEN, data: '0x1' }, 'latest'],
    'no parameters': [],
  }),
  ...calls('eth_estimateGas', {
    'a transfer of coins': [{ from: ALICE, to: NOBODY, value: '0x1' }],
    'a transfer of tokens': [{ from: ALICE, to: TOKEN, data: transfer(1n) }],
    'a contract to create': [{ from: ALICE, data: token.bytecode + SUPPLY.toString(16).padStart(64, '0') }],
    'at a block': [{ from: ALICE, to: TOKEN, data: transfer(1n) }, 'latest'],
    'a custom error': [{ from: CAROL, to: TOKEN, data: transfer(SUPPLY) }],
    'a reason': [{ to: REVERTER }],
    'more coins than there are': [{ from: CAROL, to: ALICE, value: '0xffffffffffffffffffff' }],
    'too little gas': [{ from: ALICE, to: TOKEN, data: transfer(1n), gas: '0x5300' }],
  }),
  ...calls('eth_createAccessList', {
    'a transfer of tokens': [{ from: ALICE, to: TOKEN, data: transfer(1n) }, 'latest'],
    'coins only': [{ from: ALICE, to: NOBODY, value: '0x1' }, 'latest'],
    'a reason': [{ from: ALICE, to: REVERTER }, 'latest'],
  }),
  ...calls('eth_simulateV1', {
    'a call': [{ blockStateCalls: [{ calls: [{ from: ALICE, to: TOKEN, input: transfer(1n) }] }] }, 'latest'],
    'two blocks': [
      {
        blockStateCalls: [
          { stateOverrides: { [NOBODY]: { balance: '0xde0b6b3a7640000' } }, calls: [{ from: NOBODY, to: CAROL, value: '0x1' }] },
          { calls: [{ from: CAROL, to: NOBODY, value: '0x1' }] },
        ],
      },
      'latest',
    ],
    'a reason': [{ blockStateCalls: [{ calls: [{ from: ALICE, to: REVERTER }] }] }, 'latest'],
  }),
];

const blocks = [
  ...calls('eth_getBlockByNumber', {
    latest: ['latest', false],
    'with transactions': ['0x1', true],
    earliest: ['earliest', false],
    pending: ['pending', false],
    safe: ['safe', false],
    finalized: ['finalized', true],
    'not there': [NO_BLOCK, false],
    'no such tag': ['soon', false],
    'no flag': ['0x1'],
  }),
  ...calls('eth_getBlockByHash', {
    hashes: ({ blocks: known }) => [known[1], false],
    'with transactions': ({ blocks: known }) => [known[4], true],
    'not there': [NO_HASH, false],
    'a short hash': ['0x12', false],
  }),
  ...calls('eth_getBlockReceipts', {
    'a number': ['0x1'],
    'a failure': ['0x5'],
    latest: ['latest'],
    'a hash': ({ blocks: known }) => [known[2]],
    'not there': [NO_BLOCK],
  }),
  ...calls('eth_getBlockTransactionCountByNumber', { one: ['0x1'], 'not there': [NO_BLOCK] }),
  ...calls('eth_getBlockTransactionCountByHash', { one: ({ blocks: known }) => [known[1]], 'not there': [NO_HASH] }),
  ...calls('eth_getUncleCountByBlockNumber', { none: ['0x1'], 'not there': [NO_BLOCK] }),
  ...calls('eth_getUncleCountByBlockHash', { none: ({ blocks: known }) => [known[1]] }),
  ...calls('eth_getUncleByBlockNumberAndIndex', { none: ['0x1', '0x0'] }),
  ...calls('eth_getUncleByBlockHashAndIndex', { none: ({ blocks: known }) => [known[1], '0x0'] }),
  ...calls('eth_getHeaderByNumber', { one: ['0x1'] }),
  ...calls('eth_getHeaderByHash', { one: ({ blocks: known }) => [known[1]] }),
];

const kinds = { 'a contract made': 0, 'a fee market call': 1, 'a legacy transfer': 2, 'an access list': 3, 'a failure': 4 };
const ofKind =
  (index: number): Call['params'] =>
  ({ transactions }) => [transactions[index]];
const transactionsRead = [
  ...calls('eth_getTransactionByHash', {
    ...Object.fromEntries(Object.entries(kinds).map(([about, index]) => [about, ofKind(index)])),
    'not there': [NO_HASH],
    'a short hash': ['0x12'],
  }),
  ...calls('eth_getTransactionReceipt', {
    ...Object.fromEntries(Object.entries(kinds).map(([about, index]) => [about, ofKind(index)])),
    'not there': [NO_HASH],
  }),
  ...calls('eth_getTransactionByBlockNumberAndIndex', {
    first: ['0x1', '0x0'],
    'no second': ['0x1', '0x1'],
    'no block': [NO_BLOCK, '0x0'],
  }),
  ...calls('eth_getTransactionByBlockHashAndIndex', {
    first: ({ blocks: known }) => [known[1], '0x0'],
    'no second': ({ blocks: known }) => [known[1], '0x1'],
  }),
  ...calls('eth_getRawTransactionByHash', { one: ofKind(1), 'not there': [NO_HASH] }),
  ...calls('eth_getRawTransactionByBlockNumberAndIndex', { first: ['0x1', '0x0'] }),
  ...calls('eth_getRawTransactionByBlockHashAndIndex', { first: ({ blocks: known }) => [known[1], '0x0'] }),
];

const raw =
  (nonce: number, transaction: object): Call['params'] =>
  async () => [await signed(nonce, transaction)];
const transactionsSent = calls('eth_sendRawTransaction', {
  'a nonce that was used': raw(0, { ...fees, to: CAROL }),
  'more coins than there are': raw(NEXT_NONCE, { ...fees, to: CAROL, value: 10n ** 24n }),
  'less than the base fee': raw(NEXT_NONCE, { ...fees, to: CAROL, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }),
  'a tip above the fee': raw(NEXT_NONCE, { ...fees, to: CAROL, maxPriorityFeePerGas: 30_000_000_000n, maxFeePerGas: 30_000_000_000n }),
  'less gas than any transaction': raw(NEXT_NONCE + 1, { ...fees, to: CAROL, gas: 20_000n }),
  'more gas than a block has': raw(NEXT_NONCE + 1, { ...fees, to: CAROL, gas: 40_000_000n }),
  'another chain': raw(NEXT_NONCE + 1, { ...fees, to: CAROL, chainId: 5 }),
  rubbish: ['0x02c0'],
  nothing: ['0x'],
  'not hexadecimal': ['zz'],
  'no parameters': [],
});

const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const filters: readonly Call[] = [
  ...calls('eth_getLogs', {
    all: [{ fromBlock: '0x0', toBlock: 'latest' }],
    'of a contract': [{ address: TOKEN, fromBlock: 'earliest' }],
    'of two contracts': [{ address: [TOKEN, COUNTER], fromBlock: '0x0' }],
    'of a topic': [{ fromBlock: '0x0', topics: [transferTopic] }],
    'of one of two topics': [{ fromBlock: '0x0', topics: [[transferTopic, NO_HASH]] }],
    'of any first topic': [{ fromBlock: '0x0', topics: [null, null, `0x${CAROL.slice(2).padStart(64, '0')}`] }],
    'of a block': ({ blocks: known }) => [{ blockHash: known[1] }],
    'of a block that is not there': [{ blockHash: NO_HASH }],
    'of a block and a range': ({ blocks: known }) => [{ blockHash: known[1], fromBlock: '0x0' }],
    'of a range that is turned round': [{ fromBlock: '0x3', toBlock: '0x1' }],
    'of the future': [{ fromBlock: NO_BLOCK }],
    'of a short address': [{ address: '0x12' }],
    nothing: [{ address: NOBODY, fromBlock: '0x0' }],
  }),
  { method: 'eth_newFilter', about: 'logs', params: () => [{ fromBlock: '0x0', address: TOKEN }], makesFilter: true },
  { method: 'eth_getFilterLogs', about: 'all', params: ({ filter }) => [filter] },
  { method: 'eth_uninstallFilter', about: 'once', params: ({ filter }) => [filter] },
  { method: 'eth_uninstallFilter', about: 'twice', params: ({ filter }) => [filter] },
  { method: 'eth_newBlockFilter', about: 'blocks', params: () => [], makesFilter: true },
  { method: 'eth_getFilterChanges', about: 'no blocks', params: ({ filter }) => [filter] },
  { method: 'eth_newPendingTransactionFilter', about: 'transactions', params: () => [], makesFilter: true },
  { method: 'eth_getFilterChanges', about: 'no transactions', params: ({ filter }) => [filter] },
  ...calls('eth_getFilterChanges', { 'no such filter': [`0x${'1'.repeat(32)}`] }),
  ...calls('eth_getFilterLogs', { 'no such filter': [`0x${'1'.repeat(32)}`] }),
];

const rest = [
  ...calls('eth_gasPrice', { now: [] }),
  ...calls('eth_maxPriorityFeePerGas', { now: [] }),
  ...calls('eth_blobBaseFee', { now: [] }),
  ...calls('eth_feeHistory', {
    'three blocks': ['0x3', 'latest', [25, 75]],
    'without percentiles': ['0x3', 'latest', []],
    'no blocks': ['0x0', 'latest', []],
    'a block that is not there': ['0x1', NO_BLOCK, []],
    'percentiles that fall': ['0x1', 'latest', [50, 10]],
  }),
  ...calls('eth_chainId', { itself: [] }),
  ...calls('eth_blockNumber', { itself: [] }),
  ...calls('eth_accounts', { itself: [] }),
  ...calls('eth_coinbase', { itself: [] }),
  ...calls('eth_syncing', { itself: [] }),
  ...calls('eth_config', { itself: [] }),
  ...calls('net_version', { itself: [] }),
  ...calls('net_listening', { itself: [] }),
  ...calls('net_peerCount', { itself: [] }),
  ...calls('web3_clientVersion', { itself: [] }),
  ...calls('web3_sha3', { hello: ['0x68656c6c6f'], 'not hexadecimal': ['hello'] }),
  ...calls('rpc_modules', { itself: [] }),
  ...calls('txpool_status', { itself: [] }),
  ...calls('txpool_content', { itself: [] }),
  ...calls('txpool_inspect', { itself: [] }),
  ...calls('eth_sign', { 'own account': ({ account }) => [account, '0x68656c6c6f'], 'another’s': [NOBODY, '0x68656c6c6f'] }),
  ...calls('personal_sign', { 'own account': ({ account }) => ['0x68656c6c6f', account] }),
  ...calls('eth_signTypedData_v4', { 'own account': ({ account }) => [account, typedData], 'another’s': [NOBODY, typedData] }),
  ...calls('eth_sendTransaction', { 'another’s': [{ from: NOBODY, to: CAROL, value: '0x1' }] }),
  ...calls('eth_subscribe', { 'over HTTP': ['newHeads'] }),
  ...calls('eth_noSuchMethod', { itself: [] }),
];

const traced =
  (options: object): Call['params'] =>
  ({ transactions }) => [transactions[1], options];
const debugging = [
  ...calls('debug_traceTransaction', {
    callTracer: traced({ tracer: 'callTracer' }),
    'callTracer with logs': traced({ tracer: 'callTracer', tracerConfig: { withLog: true } }),
    'callTracer of a failure': ({ transactions }) => [transactions[4], { tracer: 'callTracer' }],
    prestateTracer: traced({ tracer: 'prestateTracer' }),
    'prestateTracer of changes': traced({ tracer: 'prestateTracer', tracerConfig: { diffMode: true } }),
    '4byteTracer': traced({ tracer: '4byteTracer' }),
    noopTracer: traced({ tracer: 'noopTracer' }),
    steps: traced({}),
    'no such tracer': traced({ tracer: 'noSuchTracer' }),
    'not there': [NO_HASH, { tracer: 'callTracer' }],
  }),
  ...calls('debug_traceCall', {
    callTracer: [{ from: ALICE, to: TOKEN, data: transfer(1n) }, 'latest', { tracer: 'callTracer' }],
    prestateTracer: [{ from: ALICE, to: TOKEN, data: transfer(1n) }, 'latest', { tracer: 'prestateTracer' }],
    'a reason': [{ from: ALICE, to: REVERTER }, 'latest', { tracer: 'callTracer' }],
    steps: [{ from: ALICE, to: COUNTER }, 'latest', {}],
  }),
  ...calls('debug_traceBlockByNumber', { callTracer: ['0x2', { tracer: 'callTracer' }] }),
  ...calls('debug_traceBlockByHash', { callTracer: ({ blocks: known }) => [known[2], { tracer: 'callTracer' }] }),
  ...calls('debug_getRawTransaction', { one: ofKind(1) }),
  ...calls('debug_getRawHeader', { one: ['0x1'] }),
  ...calls('debug_getRawBlock', { one: ['0x1'] }),
  ...calls('debug_getRawReceipts', { one: ['0x1'] }),
];

export const CALLS: readonly Call[] = [
  ...state,
  ...executions,
  ...blocks,
  ...transactionsRead,
  ...transactionsSent,
  ...filters,
  ...rest,
  ...debugging,
];
