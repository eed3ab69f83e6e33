import { type Hash, taggedHash } from '../primitives/hash.ts';
import { ADDRESS_BYTES, type Address } from '../primitives/keys.ts';
import { MAX_AUTHORITIES } from './limits.ts';
import { ascendingAddresses, codec } from './shape.ts';

const SET_DOMAIN = 'pol/authority-set/1';
/** RLP's own bytes around an address, and around the list. */
const MAX_SET_BYTES = MAX_AUTHORITIES * (ADDRESS_BYTES + 1) + 4;

/** Addresses of authorities, ascending. */
export const authoritySetCodec = codec<readonly Address[]>('authoritySet', ascendingAddresses(MAX_AUTHORITIES), MAX_SET_BYTES);

/** Identity of an authority set, which headers name: SHA-256 under pol/authority-set/1 of the addresses' RLP. */
export function authoritySetHash(authorities: readonly Address[]): Hash {
  return taggedHash(SET_DOMAIN, authoritySetCodec.encode(authorities));
}
