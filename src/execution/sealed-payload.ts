import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { concatBytes, equalBytes } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Hash, keccak256 } from '../primitives/hash.ts';
import { executionError } from './errors.ts';

/** Places of a Cancun header's fields. */
const OMMERS_HASH = 1;
const STATE_ROOT = 3;
const TRANSACTIONS_ROOT = 4;
const WITHDRAWALS_ROOT = 16;

export interface SealedPayload {
  readonly stateRoot: Hash;
  /** EIP-4895 index of the last withdrawal in the block; undefined when it has none. */
  readonly lastWithdrawal: bigint | undefined;
}

type Parts = readonly [Uint8Array[], (Uint8Array | Uint8Array[])[], Uint8Array[], Uint8Array[][]];

/**
 * Holds the bytes of an execution block against its hash, without executing it: the header hashes to it, and names every
 * other byte. Who trusts the hash (a certificate stands over it) may trust the state root.
 * @throws EXECUTION_INVALID_PAYLOAD
 */
export async function readSealedPayload(bytes: Uint8Array, hash: Hash): Promise<SealedPayload> {
  const require = (holds: boolean, rule: string) => {
    if (!holds) throw executionError('EXECUTION_INVALID_PAYLOAD', `execution block: ${rule}`);
  };
  let parts: Parts;
  let again: Uint8Array;
  try {
    parts = RLP.decode(bytes) as unknown as Parts;
    again = RLP.encode(parts as never);
  } catch (cause) {
    throw executionError('EXECUTION_INVALID_PAYLOAD', `execution block: it is not RLP: ${messageOf(cause)}`, { cause });
  }
  require(Array.isArray(parts) &&
    parts.length === 4 &&
    parts.every(Array.isArray) &&
    equalBytes(again, bytes), 'it is not a canonical block');
  const [header, transactions, ommers, withdrawals] = parts;
  require(equalBytes(keccak256(RLP.encode(header)), hash), 'its header has another hash');
  const names = (place: number, root: Uint8Array) => header[place] instanceof Uint8Array && equalBytes(header[place], root);
  require(names(OMMERS_HASH, keccak256(RLP.encode(ommers))), 'its ommers are not the header’s');
  const raw = transactions.map((item) => (item instanceof Uint8Array ? item : RLP.encode(item)));
  require(names(TRANSACTIONS_ROOT, await listRoot(raw)), 'its transactions are not the header’s');
  require(names(WITHDRAWALS_ROOT, await listRoot(withdrawals.map((item) => RLP.encode(item)))), 'its withdrawals are not the header’s');
  const last = withdrawals.at(-1)?.[0];
  return { stateRoot: header[STATE_ROOT] as Hash, lastWithdrawal: last === undefined ? undefined : toBigInt(last) };
}

/** Root of the trie of a block's list: RLP of the index → item. */
async function listRoot(items: readonly Uint8Array[]): Promise<Uint8Array> {
  const trie = new MerklePatriciaTrie();
  for (const [index, item] of items.entries()) await trie.put(RLP.encode(index), item);
  return trie.root();
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(concatBytes(Uint8Array.of(0), bytes)).toString('hex')}`);
}
