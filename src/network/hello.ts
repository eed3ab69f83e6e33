import { z } from 'zod';
import { equalBytes, fromHex, toHex, utf8 } from '../primitives/bytes.ts';
import { type Hash, taggedHash } from '../primitives/hash.ts';
import { ADDRESS_BYTES, type Address, SIGNATURE_BYTES, type Signature, type Signer, verifySignature } from '../primitives/keys.ts';
import { parseAddress } from './address.ts';
import { networkError } from './errors.ts';
import { MAX_ADDRESS_CHARS, MAX_ADDRESSES_PER_PEER, MAX_SHARED_PEERS } from './limits.ts';

/** Raised when nodes of the old and the new kind must not talk to each other. */
export const HELLO_VERSION = 1;

/** How a node introduces itself: the first thing two connected nodes tell each other. */
export interface Hello {
  readonly version: number;
  readonly genesisHash: Hash;
  readonly nodeId: string;
  /** Its newest final block. */
  readonly height: number;
  /** The Ethereum account behind the peer key, with its signature over `peerDigest`. */
  readonly account: { readonly address: Address; readonly signature: Signature } | undefined;
  /** Where it can be dialled, with its peer id. */
  readonly addresses: readonly string[];
  /** Where others can be dialled, with their peer ids. */
  readonly peers: readonly string[];
}

const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`));
const dialable = z.string().max(MAX_ADDRESS_CHARS);

/** Not strict: a later version may say more. */
const helloSchema = z.object({
  version: z.number().int().nonnegative(),
  genesisHash: hex(32),
  nodeId: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  height: z.number().int().nonnegative(),
  account: z.object({ address: hex(ADDRESS_BYTES), signature: hex(SIGNATURE_BYTES) }).optional(),
  addresses: z.array(dialable).max(MAX_ADDRESSES_PER_PEER),
  peers: z.array(dialable).max(MAX_SHARED_PEERS),
});

/** JSON: small, seldom sent, never hashed; its one signature is over fixed bytes. */
export function encodeHello(hello: Hello): Uint8Array {
  const account =
    hello.account === undefined ? {} : { account: { address: toHex(hello.account.address), signature: toHex(hello.account.signature) } };
  return utf8(JSON.stringify({ ...hello, ...account, genesisHash: toHex(hello.genesisHash) }));
}

/**
 * Addresses that do not parse are left out: a peer may know transports that we do not.
 * @throws NETWORK_BAD_HELLO
 */
export function decodeHello(bytes: Uint8Array): Hello {
  let text: unknown;
  try {
    text = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw networkError('NETWORK_BAD_HELLO', 'the hello is not JSON', { cause });
  }
  const parsed = helloSchema.safeParse(text);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw networkError('NETWORK_BAD_HELLO', `hello.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`);
  }
  const { account, ...rest } = parsed.data;
  return {
    ...rest,
    genesisHash: fromHex(rest.genesisHash),
    account: account === undefined ? undefined : { address: fromHex(account.address), signature: fromHex(account.signature) },
    addresses: rest.addresses.flatMap(parsedOrNone),
    peers: rest.peers.flatMap(parsedOrNone),
  };
}

/**
 * What an account signs to claim a peer key. It names no time: the claim holds as long as both keys do, and is of use
 * only to the holder of the peer key, whom the encrypted connection has authenticated.
 *
 * @param peerId the peer id's multihash
 */
export function peerDigest(genesisHash: Hash, peerId: Uint8Array): Hash {
  return taggedHash('pol/peer/1', genesisHash, peerId);
}

export function signPeer(signer: Signer, genesisHash: Hash, peerId: Uint8Array): NonNullable<Hello['account']> {
  return { address: signer.address, signature: signer.sign(peerDigest(genesisHash, peerId)) };
}

/** True when there is no claim, or the claim is signed for this peer and network. */
export function isAccountProven(hello: Hello, genesisHash: Hash, peerId: Uint8Array): boolean {
  if (hello.account === undefined) return true;
  return verifySignature(peerDigest(genesisHash, peerId), hello.account.signature, hello.account.address);
}

export function isSameNetwork(hello: Hello, genesisHash: Hash): boolean {
  return equalBytes(hello.genesisHash, genesisHash);
}

function parsedOrNone(text: string): string[] {
  try {
    return [parseAddress(text)];
  } catch {
    return [];
  }
}
