import type { NodeView } from '../../chain/view.ts';

/** GET /api/v1/peers */
export function peers(view: NodeView) {
  return {
    peers: view.peers().map((peer) => ({
      id: peer.id,
      node_id: peer.nodeId ?? null,
      address: peer.account ?? null,
      remote_address: peer.remoteAddress,
      direction: peer.direction,
      height: peer.height,
    })),
  };
}
