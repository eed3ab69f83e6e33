import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { DirectProtocol, RequestProtocol, Topic } from './network.ts';

/** Names on the wire, bound to the network, so that two networks on one machine cannot mix. */
export interface WireNames {
  topic(topic: Topic): string;
  direct(protocol: DirectProtocol): string;
  request(protocol: RequestProtocol): string;
}

const HELLO = '/pol/hello/1';
/** Asked by newcomers that do not know any genesis yet. */
export const GENESIS = '/pol/genesis/1';
/** Asked by newcomers that know the genesis and lack a file that it names. */
export const ASSET = '/pol/asset/1';

export function wireNames(genesisHash: Hash): WireNames {
  const network = toHex(genesisHash.subarray(0, 8)).slice(2);
  return {
    topic: (topic) => `/pol/${network}/${topic}`,
    direct: (protocol) => `/pol/${network}/direct/${protocol}/1`,
    request(protocol) {
      // Unbound: nodes of different networks must be able to find out that they are.
      if (protocol === 'hello') return HELLO;
      if (protocol === 'asset') return ASSET;
      return protocol === 'genesis' ? GENESIS : `/pol/${network}/${protocol}/1`;
    },
  };
}
