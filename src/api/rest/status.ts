import type { NodeView } from '../../chain/view.ts';
import { toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { positionJson } from '../view-models.ts';

/** GET /api/v1/status: who this node is and where it stands. */
export function status(view: NodeView) {
  const { identity, chain } = view;
  const syncing = chain.syncing();
  return {
    node_id: identity.nodeId,
    address: checksumAddress(identity.address),
    is_authority: identity.isAuthority,
    training_enabled: identity.trainingEnabled,
    ...positionJson(view),
    head_hash: toHex(chain.head().hash),
    syncing: syncing === undefined ? false : { current: syncing.current, highest: syncing.highest },
    peers: view.peers().length,
    pending_transactions: chain.poolSize,
    network: identity.genesis.name,
    chain_id: identity.genesis.chain_id,
    genesis_hash: toHex(identity.genesisHash),
    model_parameters: identity.parameters,
    backend: identity.backend,
    version: identity.version,
    uptime_seconds: Math.floor((Date.now() - identity.startedAt) / 1000),
    memory_bytes: process.memoryUsage.rss(),
    p2p_addresses: view.addresses(),
  };
}
