import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeConsensusMessage } from '../../src/codec/consensus-messages.ts';
import type { ConsensusMessage } from '../../src/codec/types.ts';
import { createNetwork, type NodeNetwork } from '../../src/network/create-network.ts';
import { generatePeerKey } from '../../src/network/peer-key.ts';
import { genesisHash, parseGenesis } from '../../src/params/genesis.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { silentLogger } from '../../src/primitives/log.ts';
import { createTestNetwork, type TestNetwork, type TestNode, until } from './network.ts';

interface Info {
  readonly blockchain_height: number;
  readonly settled_round: number;
}

/** Every signed place (authority, height, round, kind) seen on the wire, with the block hashes signed for it. */
type Places = Map<string, Set<string>>;

function record(places: Places, message: ConsensusMessage): void {
  const signed = message.kind === 'vote' ? message.vote : message.proposal;
  const kind = message.kind === 'vote' ? message.vote.type : 'proposal';
  const subject = message.kind === 'vote' ? message.vote.blockHash : message.proposal.block.header.bodyHash;
  const place = `${toHex(signed.authority)} ${kind} ${signed.height}/${signed.round}`;
  const seen = places.get(place) ?? new Set<string>();
  seen.add(subject === undefined ? 'nil' : toHex(subject));
  places.set(place, seen);
}

describe('four authorities, one of them killed', () => {
  let network: TestNetwork;
  let listener: NodeNetwork;
  let victim: TestNode;
  let observer: TestNode;
  const places: Places = new Map();
  const info = (node: TestNode) => node.get<Info>('/api/v1/network/info');

  beforeAll(async () => {
    network = await createTestNetwork({ authorities: 4, nodes: 1 });
    victim = network.node('authority_2');
    observer = network.node('authority_0');
    const genesis = parseGenesis(JSON.parse(await readFile(join(network.directory, 'genesis.json'), 'utf8')));
    listener = createNetwork(
      {
        host: '127.0.0.1',
        port: 0,
        bootNodes: network.nodes.map(({ config }) => `127.0.0.1:${config.port}`),
        genesisHash: genesisHash(genesis),
        nodeId: 'listener',
        peerKey: generatePeerKey(),
        height: () => 0,
      },
      { log: silentLogger },
    );
    const hear = async (bytes: Uint8Array) => {
      record(places, decodeConsensusMessage(bytes));
      return 'accept' as const;
    };
    listener.subscribe('consensus', hear);
    listener.onDirect('consensus', hear);
    await Promise.all([listener.start(), ...network.nodes.map((node) => node.start())]);
  }, 120_000);
  afterAll(async () => {
    await listener?.stop();
    await network?.dispose();
  });

  it('goes on without it, takes it back, and nobody signs twice for one place', async () => {
    await until('the second round', async () => (await info(observer)).settled_round >= 1);
    const { blockchain_height: killedAt } = await info(observer);
    await victim.kill();

    await until('blocks without it', async () => (await info(observer)).blockchain_height >= killedAt + 12);
    const { settled_round: roundsMissed } = await info(observer);
    await victim.start();

    const { blockchain_height: target } = await info(observer);
    await until('the restarted authority to catch up', async () => (await info(victim)).blockchain_height >= target);
    const { address } = await victim.get<{ address: string }>('/api/v1/status');
    let round = roundsMissed + 1;
    await until('a vote of the restarted authority in a settled round', async () => {
      for (; round <= (await info(observer)).settled_round; round++) {
        const { votes } = await observer.get<{ votes: readonly { authority: string }[] }>(`/api/v1/rounds/${round}`);
        if (votes.some(({ authority }) => authority === address)) return true;
      }
      return false;
    });
    await until('its signature under a block', async () => {
      const { blockchain_height } = await info(observer);
      const { consensus } = await observer.get<{ consensus: { certificate: { signers: readonly string[] } } }>(
        `/api/v1/block/${blockchain_height}`,
      );
      return consensus.certificate.signers.includes(address);
    });

    expect(places.size).toBeGreaterThan(100);
    expect([...places].filter(([, subjects]) => subjects.size > 1)).toEqual([]);
  }, 600_000);
});
