import { keccak256 } from '../../../primitives/hash.ts';
import { data } from '../format.ts';
import type { RpcMethod } from '../handler.ts';
import { parseBytes } from '../parse.ts';

/** Keccak-256 of the given bytes. */
export const web3Sha3: RpcMethod = {
  name: 'web3_sha3',
  call: ([bytes]) => data(keccak256(parseBytes(bytes, 'data'))),
};
