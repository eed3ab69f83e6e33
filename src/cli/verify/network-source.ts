import { createNetwork } from '../../network/create-network.ts';
import { fetchGenesis } from '../../network/fetch-genesis.ts';
import { generatePeerKey } from '../../network/peer-key.ts';
import { genesisHash, parseGenesis } from '../../params/genesis.ts';
import { toHex } from '../../primitives/bytes.ts';
import { messageOf } from '../../primitives/errors.ts';
import type { Logger } from '../../primitives/log.ts';
import { createClient } from '../client.ts';
import { cliError } from '../errors.ts';
import { type Io, sleep } from '../io.ts';
import type { ChainSource } from './chain-source.ts';

const CONNECT_TIMEOUT_MS = 20_000;
const POLL_MS = 100;
/** What others of the network have to be found in, once a first peer is there: the trainers have what authorities lost. */
const ACQUAINTANCE_MS = 2_000;

export interface NetworkSourceOptions {
  /** Base address of a node's APIs. */
  readonly url: string;
  /** Pins the network; without it the node's word for the genesis is taken. */
  readonly genesisHash: string | undefined;
}

/**
 * Joins a node's network as a stranger: its API names peer addresses, and everything else is asked of peers.
 * @throws CLI_UNREACHABLE, CLI_CHECK_FAILED for another genesis than the pinned one
 */
export async function openNetworkSource(
  options: NetworkSourceOptions,
  { io, log }: { readonly io: Io; readonly log: Logger },
): Promise<ChainSource> {
  const client = createClient({ url: options.url }, io);
  const status = await client.status();
  const bootNodes = status.p2p_addresses ?? [];
  if (bootNodes.length === 0) throw cliError('CLI_REFUSED', `${options.url} names no peer address; it is too old for this command`);
  const genesis = parseGenesis(JSON.parse(new TextDecoder().decode(await fetchGenesis({ bootNodes, timeoutMs: CONNECT_TIMEOUT_MS }))));
  const hash = genesisHash(genesis);
  if (options.genesisHash !== undefined && toHex(hash) !== options.genesisHash) {
    throw cliError('CLI_CHECK_FAILED', `the network's genesis has hash ${toHex(hash)}, not ${options.genesisHash}`);
  }
  const network = createNetwork(
    {
      host: '127.0.0.1',
      port: 0,
      bootNodes,
      genesisHash: hash,
      nodeId: 'verifier',
      peerKey: generatePeerKey(),
      height: () => 0,
    },
    { log },
  );
  await network.start();
  try {
    const startedAt = io.clock.now();
    while (network.peers().length === 0) {
      if (io.clock.now() - startedAt > CONNECT_TIMEOUT_MS) {
        throw cliError('CLI_UNREACHABLE', `no peer answers at ${bootNodes.join(', ')}: is the node's peer port reachable from here?`);
      }
      await sleep(io.clock, POLL_MS);
    }
    const known = await client.networkInfo().catch((error: unknown) => {
      log.debug({ reason: messageOf(error) }, 'the node does not tell of its network');
      return undefined;
    });
    const wanted = Math.min((status.peers ?? 0) + 1, (known?.authorities.length ?? 0) + (known?.trainers.length ?? 0));
    for (let waited = 0; waited < ACQUAINTANCE_MS && network.peers().length < wanted; waited += POLL_MS) await sleep(io.clock, POLL_MS);
  } catch (error) {
    await network.stop();
    throw error;
  }
  return {
    genesis,
    genesisHash: hash,
    network,
    settledAt: (round) => client.settledAt(round),
    async lastSettled() {
      return (await client.networkInfo()).settled_round ?? -1;
    },
    name: `${genesis.name}, ${network.peers().length} peers`,
    close: () => network.stop(),
  };
}
