import { availableParallelism } from 'node:os';
import { loadDataset } from '../../data/dataset.ts';
import { confirmingBackendOf } from '../../learning/service.ts';
import type { GateMeasurement, SegmentFinding, UpdateReference } from '../../learning/types.ts';
import { createUpdateFormat } from '../../learning/update-format.ts';
import { parameterLayout } from '../../model/layout.ts';
import { selectBackend } from '../../numerics/backends.ts';
import { fromHex, toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { silentLogger } from '../../primitives/log.ts';
import type { SegmentRef } from '../../protocol/draw.ts';
import { createMemoryBlobStore } from '../../store/memory-blobs.ts';
import { createPeerSource } from '../../sync/peer-source.ts';
import type { PinnedHeader } from '../../sync/pinned-header.ts';
import { fetchStart } from '../../sync/start-download.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { createProgress, type Progress } from '../progress.ts';
import { onStopRequest } from '../stop-request.ts';
import { machineBackend } from '../train/machine.ts';
import { carriedInto } from './carried.ts';
import { certifiedChain } from './certified-chain.ts';
import type { ChainSource } from './chain-source.ts';
import { judgedSegments, judgeProof, type ProofJudgement, refName } from './judgement.ts';
import { cacheOf, openSource } from './open-source.ts';
import { createRejudge } from './rejudge.ts';
import { reportJson, reportLines } from './report.ts';
import { type CertifiedSettlement, certifiedSettlement } from './settlement.ts';

export interface VerifyFlags {
  readonly round?: number;
  readonly lineage?: string;
  readonly proof?: string;
  readonly url: string;
  readonly dataDir?: string;
  readonly genesisFile?: string;
  readonly genesisHash?: string;
  readonly trust?: PinnedHeader;
  readonly datasetCache?: string;
  readonly backend: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** What a verification came to. */
export interface Verification {
  readonly round: number;
  readonly height: number;
  readonly network: string;
  readonly genesisHash: string;
  readonly signers: number;
  readonly authorities: number;
  readonly backend: string;
  readonly proofs: readonly ProofJudgement[];
  /** Segments that were re-executed here, of those that the verdicts are made of. */
  readonly executed: number;
  readonly wanted: number;
}

const UPDATE_TIMEOUT_MS = 60_000;

/**
 * `pol-node verify --round`: judges the verdicts on a settled round again. From the genesis hash, or a pinned header, on every header is held against its
 * certificate, the round's state and block against the headers, and the drawn segments are re-executed here.
 * @throws CLI_NOT_KEPT when a part is served no more, CLI_CHECK_FAILED when a verdict was wrong or could not be judged
 */
export async function verifyRound(flags: VerifyFlags, io: Io): Promise<void> {
  const progress = createProgress(io.err, io.clock.now);
  const stop = new AbortController();
  const forget = onStopRequest(io, () => stop.abort(cliError('CLI_TIMEOUT', 'stopped')));
  const source = await openSource(flags, io, progress);
  try {
    const verification = await verify(source, flags, io, progress, stop.signal);
    progress.clear();
    io.out.write(
      flags.json === true ? `${JSON.stringify(reportJson(verification), undefined, 2)}\n` : `${reportLines(verification).join('\n')}\n`,
    );
    requireRight(verification);
  } finally {
    progress.clear();
    forget();
    await source.close();
  }
}

async function verify(source: ChainSource, flags: VerifyFlags, io: Io, progress: Progress, signal: AbortSignal): Promise<Verification> {
  const { genesis, genesisHash: hash, network } = source;
  const round = flags.round ?? (await source.lastSettled());
  const height = await source.settledAt(round);
  if (height === undefined) {
    throw cliError('CLI_NOT_KEPT', `round ${round} is not settled; the last settled round is ${await source.lastSettled()}`);
  }

  // The chain, from the genesis hash on.
  const downloads = await certifiedChain(source, height, { clock: io.clock, progress, signal, pinned: flags.trust });
  const settlement = await certifiedSettlement({ round, height }, { genesis, genesisHash: hash }, downloads, signal);
  const places = chosenProofs(settlement, flags.proof);

  // What its verdicts are made of.
  const parameters = parameterLayout(genesis.model).count;
  progress.update('fetching the weights that the round started from …');
  const start = await fetchStart({ startRoot: settlement.sealed.startRoot, parameters }, downloads, signal);
  if (start === undefined) {
    throw cliError(
      'CLI_NOT_KEPT',
      `nobody keeps the weights that round ${round} started from any more: verify sooner, or run nodes with a larger keep_rounds`,
    );
  }
  const blobs = createMemoryBlobStore();
  const format = createUpdateFormat(genesis.learning, parameters);
  const peers = createPeerSource(
    { maxUpdateBytes: format.byteLength + 1024, chainId: genesis.chain_id, genesisHash: hash },
    {
      network,
      blobs,
      openings: { opening: async () => undefined },
      models: { fetch: async () => undefined, discard: async () => {} },
      stopping: signal,
      clock: io.clock,
      log: silentLogger,
    },
  );
  progress.update('fetching the updates …');
  const context = { genesis, genesisHash: hash };
  const fetchUpdate = (reference: UpdateReference) => peers.update(reference, UPDATE_TIMEOUT_MS);
  const carried = await carriedInto(round, format, source, { context, chain: downloads, fetchUpdate, blobs, signal });
  const isServed = await Promise.all(settlement.sealed.proofs.map(fetchUpdate));
  const updates = new Set(settlement.sealed.proofs.map(({ updateHash }) => toHex(updateHash)));
  const warn = (text: string) => io.err.write(`warning: ${text}\n`);
  const backend = await machineBackend({ backend: flags.backend, threads: flags.threads ?? availableParallelism() }, warn);
  const confirming = confirmingBackendOf(backend.name);
  progress.update('reading the data set …');
  const dataset = await loadDataset(
    {
      source: genesis.data.source,
      vocabSize: genesis.model.vocab_size,
      contextLength: genesis.model.context_length,
      heldOutTokens: genesis.data.held_out_tokens,
      expectedRoot: fromHex(genesis.data.root, 32),
      cacheDirectory: cacheOf(flags, io),
    },
    { baseDirectory: io.workingDirectory },
  );
  const rejudge = createRejudge(
    { genesis, sealed: settlement.sealed, start: { ...start, carried } },
    {
      dataset,
      backend,
      confirmingBackend: confirming === undefined ? undefined : () => selectBackend({ wanted: confirming, threads: 1 }),
      blobs,
      source: peers,
      closing: signal,
    },
  );

  // Again, here.
  try {
    const wanted = judgedSegments(settlement, places);
    const own = new Map<string, SegmentFinding>();
    for (const ref of wanted) {
      signal.throwIfAborted();
      progress.update(`re-executing segment ${own.size + 1} of ${wanted.length} (${describe(settlement, ref)}) …`);
      own.set(refName(ref), await rejudge.segment(ref));
      // States are large, and each is needed once.
      for (const id of await blobs.list()) if (!updates.has(toHex(id))) await blobs.delete(id);
    }
    progress.update('measuring the updates …');
    const gate = await measureGate();
    const { certificate } = settlement.final;
    return {
      round,
      height,
      network: source.name,
      genesisHash: toHex(hash),
      signers: certificate.signatures.length,
      authorities: settlement.state.authorities.length,
      backend: backend.name,
      proofs: places.map((place) => judgeProof(place, settlement, own, gate, genesis)),
      executed: [...own.values()].filter(({ result }) => result !== 'unavailable').length,
      wanted: wanted.length,
    };
  } finally {
    rejudge.release();
  }

  /** Undefined when not all updates are served any more, or nothing was drawn. */
  async function measureGate(): Promise<GateMeasurement | undefined> {
    const { sealed } = settlement;
    if (sealed.challengeSeed === undefined || sealed.proofs.length === 0 || isServed.includes(false)) return undefined;
    return rejudge.gate(sealed.challengeSeed);
  }
}

/** All proofs of the round, or the one named by its place, its trainer, or the beginning of its leaves root. @throws CLI_USAGE */
function chosenProofs({ sealed }: CertifiedSettlement, wanted: string | undefined): readonly number[] {
  const places = sealed.proofs.map((_, place) => place);
  if (wanted === undefined) return places;
  const name = wanted.toLowerCase();
  const found = places.filter((place) => {
    const { trainer, leavesRoot } = sealed.proofs[place] as (typeof sealed.proofs)[number];
    return (
      String(place) === name || toHex(trainer) === name || (name.startsWith('0x') && name.length > 42 && toHex(leavesRoot).startsWith(name))
    );
  });
  if (found.length > 0) return found;
  const known = sealed.proofs.map(({ trainer }, place) => `${place} (${checksumAddress(trainer)})`).join(', ') || 'none';
  throw cliError('CLI_USAGE', `--proof: round ${sealed.number} has no proof ${wanted}; it has ${known}`);
}

function describe({ sealed }: CertifiedSettlement, { proof, segment }: SegmentRef): string {
  const trainer = sealed.proofs[proof]?.trainer;
  return `segment ${segment} of ${trainer === undefined ? '?' : checksumAddress(trainer)}`;
}

/** @throws CLI_CHECK_FAILED, CLI_NOT_KEPT */
function requireRight({ round, proofs, executed, wanted }: Verification): void {
  const wrong = proofs.filter(({ right }) => right === false);
  if (wrong.length > 0) {
    throw cliError('CLI_CHECK_FAILED', `round ${round}: ${wrong.length} of ${proofs.length} verdicts are not what re-execution shows`);
  }
  if (executed < wanted) {
    throw cliError('CLI_NOT_KEPT', `round ${round}: ${wanted - executed} of ${wanted} segments are served by nobody any more`);
  }
}
