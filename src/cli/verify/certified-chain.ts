import { createHeaderStore } from '../../chain/header-store.ts';
import { authorityAddresses } from '../../params/genesis.ts';
import { toHex } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { silentLogger } from '../../primitives/log.ts';
import { createMemoryStore } from '../../store/memory.ts';
import type { CertifiedDependencies } from '../../sync/certified.ts';
import { syncHeaders } from '../../sync/header-sync.ts';
import { beginAtPinned, type PinnedHeader } from '../../sync/pinned-header.ts';
import { cliError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import type { ChainSource } from './chain-source.ts';

/**
 * All headers from the genesis, or from a pinned one, up to a height, each held against its certificate and the authority set that the one before names.
 * @throws CLI_NOT_KEPT when nobody proves so many
 */
export async function certifiedChain(
  { genesis, genesisHash, network }: Pick<ChainSource, 'genesis' | 'genesisHash' | 'network'>,
  height: number,
  options: { readonly clock: Clock; readonly progress: Progress; readonly signal: AbortSignal; readonly pinned?: PinnedHeader | undefined },
): Promise<CertifiedDependencies> {
  const { clock, progress, signal, pinned } = options;
  const store = createMemoryStore();
  const headers = createHeaderStore({
    store,
    blocks: { headHeight: () => 0, block: () => undefined },
    genesisAuthorities: authorityAddresses(genesis),
  });
  const downloads = { network, clock, log: silentLogger, store, headers, genesisHash };
  if (pinned !== undefined) {
    // The state before the settling block is proven by the header there.
    if (pinned.height >= height)
      throw cliError('CLI_USAGE', `--trust: height ${pinned.height} is not before block ${height}, which is to be judged`);
    if (!(await beginAtPinned(pinned, downloads, signal))) {
      throw cliError('CLI_NOT_KEPT', `nobody serves a header ${pinned.height} with hash ${toHex(pinned.hash)}`);
    }
  }
  progress.update(`checking the certificates of ${height} headers …`);
  await syncHeaders(downloads, signal);
  if (headers.top() < height)
    throw cliError('CLI_NOT_KEPT', `nobody proves a chain up to height ${height}; headers end at ${headers.top()}`);
  return downloads;
}
