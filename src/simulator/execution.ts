import type { ExecutionEngine, ExecutionHead, Payload, PayloadAttributes } from '../execution/engine.ts';
import { executionError } from '../execution/errors.ts';
import { concatBytes, equalBytes, toHex, uint64BE } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { KeyValueStore, Write } from '../store/kv.ts';
import { Prefix } from '../store/prefixes.ts';

/**
 * SIMULATED execution layer: balances that grow by withdrawals, and nothing else; no transactions, no EVM. It keeps the
 * engine's contract (docs: execution/engine.ts), so that the chain above it is the production one.
 */
export interface SimulatedExecution extends Omit<ExecutionEngine, 'genesisBlockHash' | 'reader'> {
  /** wei */
  balance(address: Address): bigint;
}

interface Candidate {
  readonly payload: Payload;
  readonly head: ExecutionHead;
  readonly writes: readonly Write[];
}

const KEY_HEAD = Uint8Array.of(Prefix.executionMeta, 0);
const WEI_PER_GWEI = 1_000_000_000n;
const balanceKey = (address: Address) => concatBytes(Uint8Array.of(Prefix.addressIndex), address);

/** @param store holds the head of the last committed block, if any */
export function createSimulatedExecution(store: Pick<KeyValueStore, 'get'>, genesisHash: Hash): SimulatedExecution {
  let head = loadHead(store, genesisHash);
  const candidates = new Map<string, Candidate>();

  function balance(address: Address): bigint {
    const bytes = store.get(balanceKey(address));
    return bytes === undefined ? 0n : BigInt(toHex(bytes));
  }

  function execute(attributes: PayloadAttributes, transactionBytes = encodePayload(head, attributes)): Candidate {
    const hash = payloadHash(transactionBytes);
    const known = candidates.get(toHex(hash));
    if (known !== undefined) return known;
    const next: ExecutionHead = { ...head, number: head.number + 1, hash, stateRoot: hash, timestamp: attributes.timestamp };
    const grown = new Map<string, { readonly address: Address; amount: bigint }>();
    for (const { address, gwei } of attributes.withdrawals) {
      const entry = grown.get(toHex(address)) ?? { address, amount: balance(address) };
      entry.amount += gwei * WEI_PER_GWEI;
      grown.set(toHex(address), entry);
    }
    const writes: Write[] = [...grown.values()].map(({ address, amount }) => ({ key: balanceKey(address), value: word(amount) }));
    writes.push({ key: KEY_HEAD, value: concatBytes(uint64BE(next.number), uint64BE(next.timestamp), hash) });
    const payload = { hash, bytes: transactionBytes, number: next.number, stateRoot: hash, transactionCount: 0 };
    const candidate = { payload, head: next, writes };
    candidates.set(toHex(hash), candidate);
    return candidate;
  }

  function known(hash: Hash): Candidate {
    const candidate = candidates.get(toHex(hash));
    if (candidate === undefined) throw executionError('EXECUTION_UNKNOWN_PAYLOAD', `payload ${toHex(hash)} was not executed`);
    return candidate;
  }

  return {
    get head() {
      return head;
    },
    async build(attributes) {
      return { payload: execute(attributes).payload, dropped: [] };
    },
    async validate(bytes, attributes) {
      const expected = encodePayload(head, attributes);
      if (!equalBytes(bytes, expected)) throw executionError('EXECUTION_INVALID_PAYLOAD', 'the payload is not what its attributes give');
      return execute(attributes, expected).payload;
    },
    commit: (hash) => known(hash).writes,
    advance(hash) {
      head = known(hash).head;
      candidates.clear();
    },
    // Simulated nodes follow block by block: there is no execution state to download.
    adopt() {
      throw executionError('EXECUTION_INVALID_PAYLOAD', 'a simulated node takes over no snapshot');
    },
    transactionsOf: () => [],
    balance,
  };
}

/** Identity of a simulated payload. */
export function payloadHash(bytes: Uint8Array): Hash {
  return taggedHash('simulated/payload/1', bytes);
}

const TIMESTAMP_AT = 8;

/** The same payload at another time: what an equivocating proposer needs for a second valid block. */
export function payloadAt(bytes: Uint8Array, timestamp: number): Uint8Array {
  const out = bytes.slice();
  out.set(uint64BE(timestamp), TIMESTAMP_AT);
  return out;
}

/** Number, time, parent and all attributes, each of fixed length. */
function encodePayload(parent: ExecutionHead, attributes: PayloadAttributes): Uint8Array {
  const { timestamp, prevRandao, feeRecipient, withdrawals, parentBeaconBlockRoot } = attributes;
  const paid = withdrawals.flatMap(({ index, address, gwei }) => [uint64BE(Number(index)), address, word(gwei)]);
  return concatBytes(
    uint64BE(parent.number + 1),
    uint64BE(timestamp),
    parent.hash,
    prevRandao,
    feeRecipient,
    parentBeaconBlockRoot,
    ...paid,
  );
}

function loadHead(store: Pick<KeyValueStore, 'get'>, genesisHash: Hash): ExecutionHead {
  const bytes = store.get(KEY_HEAD);
  const rest = { stateRoot: genesisHash, baseFeePerGas: 0n, nextBaseFeePerGas: 0n, gasLimit: 0n };
  if (bytes === undefined) return { ...rest, number: 0, hash: genesisHash, timestamp: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hash = bytes.slice(16);
  return { ...rest, stateRoot: hash, number: Number(view.getBigUint64(0)), hash, timestamp: Number(view.getBigUint64(8)) };
}

/** 32 bytes, big-endian. */
function word(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}
