import type { StakeRequest } from '../contracts/stake-requests.ts';
import { decodeBlock } from '../execution/block-view.ts';
import { fastKeccak256 } from '../execution/crypto.ts';
import { createBloomTest } from '../execution/logs.ts';
import { createWorldState } from '../execution/state/world-state.ts';
import { stakeRequestsAt } from '../execution/system-contracts.ts';
import { STAKE_ADDRESS } from '../params/genesis.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { isPolError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { syncError } from './errors.ts';
import { fetchOne } from './fetch-one.ts';
import { MAX_STATE_RESPONSE_BYTES } from './limits.ts';
import type { SwarmDependencies } from './swarm.ts';
import { stateRequestCodec, stateResponseCodec } from './wire.ts';

/** Every request to the stake contract logs an event, so a block's bloom filter says where there is nothing to read. */
const mayHaveRequests = createBloomTest({ addresses: [STAKE_ADDRESS], topics: [] });

/**
 * What a block asked of the stake contract, read from the state after it: the few trie nodes on the way there, each held against the
 * hash that its parent, and at last the block, names.
 *
 * @param execution the block's execution bytes, already held against its certified header
 * @returns undefined when nobody serves that state
 * @throws the signal's reason
 */
export async function fetchCertifiedStakeRequests(
  execution: Uint8Array,
  dependencies: SwarmDependencies,
  signal: AbortSignal,
): Promise<readonly StakeRequest[] | undefined> {
  const { header } = decodeBlock(execution);
  if (!mayHaveRequests(header.logsBloom)) return [];
  const nodes = new Map<string, Uint8Array>();
  for (;;) {
    let missing: Hash | undefined;
    const store = {
      get(key: Uint8Array) {
        const hash = key.subarray(1);
        const node = nodes.get(toHex(hash));
        if (node === undefined) missing = hash;
        return node;
      },
    };
    try {
      return stakeRequestsAt(createWorldState(store, header.stateRoot), Number(header.number));
    } catch (error) {
      if (missing === undefined || !isPolError(error, 'EXECUTION_STATE_MISSING')) throw error;
      const node = await fetchNode(missing, dependencies, signal);
      if (node === undefined) return undefined;
      nodes.set(toHex(missing), node);
    }
  }
}

function fetchNode(hash: Hash, dependencies: SwarmDependencies, signal: AbortSignal): Promise<Uint8Array | undefined> {
  return fetchOne(
    {
      protocol: 'state',
      request: stateRequestCodec.encode([hash]),
      maxBytes: 2 * MAX_STATE_RESPONSE_BYTES,
      accept(bytes) {
        const [node] = stateResponseCodec.decode(bytes);
        if (node === undefined || !equalBytes(fastKeccak256(node), hash))
          throw syncError('SYNC_WRONG_BYTES', 'a node of the state has another hash');
        return node;
      },
    },
    dependencies,
    signal,
  );
}
