import { z } from 'zod';
import { type Lineage, lineageOf } from '../../chain/lineage.ts';
import { canonicalJson } from '../../params/genesis.ts';
import { messageOf } from '../../primitives/errors.ts';
import { cliError } from '../errors.ts';
import { readTextFile } from '../files.ts';
import type { Io } from '../io.ts';
import { createProgress } from '../progress.ts';
import { onStopRequest } from '../stop-request.ts';
import { count, groupDigits } from '../text.ts';
import { certifiedChain } from './certified-chain.ts';
import { openSource } from './open-source.ts';
import { replayProtocol } from './replay.ts';
import type { VerifyFlags } from './verify.ts';

/** Enough of a lineage to find its place in a chain; all of it is compared as text. */
const claimSchema = z.looseObject({
  format: z.literal('pol-lineage-1'),
  genesis_hash: z.string().regex(/^0x[0-9a-f]{64}$/),
  checkpoint: z.looseObject({ settled_round: z.number().int().nonnegative(), height: z.number().int().positive() }),
});

/**
 * `pol-node verify --lineage FILE`: plays the learning protocol again from the genesis that the file names, and holds every line of the
 * file against what comes out.
 * @throws CLI_FILE_UNREADABLE, CLI_NOT_KEPT, CLI_CHECK_FAILED naming the first line that the chain does not bear out
 */
export async function verifyLineage(path: string, flags: VerifyFlags, io: Io): Promise<void> {
  const claim = parseClaim(readTextFile(path, io.workingDirectory), path);
  const progress = createProgress(io.err, io.clock.now);
  const stop = new AbortController();
  const forget = onStopRequest(io, () => stop.abort(cliError('CLI_TIMEOUT', 'stopped')));
  const source = await openSource({ ...flags, genesisHash: flags.genesisHash ?? claim.genesis_hash }, io, progress);
  try {
    if (claim.genesis_hash !== (flags.genesisHash ?? claim.genesis_hash)) {
      throw cliError('CLI_CHECK_FAILED', `${path} is of another network: its genesis has hash ${claim.genesis_hash}`);
    }
    const { height, settled_round: round } = claim.checkpoint;
    const chain = await certifiedChain(source, height, { clock: io.clock, progress, signal: stop.signal });
    const { settled, blocks } = await replayProtocol(height, source, chain, {
      signal: stop.signal,
      onHeight: (at) => progress.update(`replaying the protocol … block ${groupDigits(at)} of ${groupDigits(height)}`),
    });
    const found = lineageOf(source, round, { settledRound: (each) => settled.get(each), block: (at) => blocks.get(at) });
    progress.clear();
    const difference = firstDifference(comparable(found), comparable(claim), 'lineage');
    if (difference !== undefined) throw cliError('CLI_CHECK_FAILED', `${path}: ${difference}`);
    io.out.write(flags.json === true ? `${JSON.stringify({ holds: true, ...found.checkpoint })}\n` : `${summary(found).join('\n')}\n`);
  } finally {
    progress.clear();
    forget();
    await source.close();
  }
}

function parseClaim(text: string, path: string): z.infer<typeof claimSchema> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw cliError('CLI_CHECK_FAILED', `${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
  const parsed = claimSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw cliError('CLI_CHECK_FAILED', `${path} is no lineage: ${issue?.path.join('.') || 'document'}: ${issue?.message}`);
}

/** Without what may differ between two honest nodes: which signatures of a quorum each holds. */
function comparable(lineage: object): unknown {
  return JSON.parse(JSON.stringify(lineage, (key, value) => (key === 'certificate_hash' ? undefined : value)));
}

/** The first place at which two documents part, in words; undefined for equal ones. */
export function firstDifference(chain: unknown, claim: unknown, path: string): string | undefined {
  if (canonicalJson(chain ?? null) === canonicalJson(claim ?? null)) return undefined;
  if (typeof chain !== 'object' || typeof claim !== 'object' || chain === null || claim === null) {
    return `${path} is ${JSON.stringify(claim) ?? 'missing'}; the chain says ${JSON.stringify(chain) ?? 'nothing of it'}`;
  }
  const [ours, theirs] = [chain as Record<string, unknown>, claim as Record<string, unknown>];
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const found = firstDifference(ours[key], theirs[key], `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return `${path} differs`;
}

function summary({ checkpoint, contributors, rounds, data }: Lineage): readonly string[] {
  const tokens = contributors.reduce((sum, each) => sum + each.tokens, 0);
  return [
    `the lineage holds: every line is what the chain says, from its genesis to block ${checkpoint.height}`,
    `model ${checkpoint.model_root}, settled with round ${checkpoint.settled_round}`,
    `${count(contributors.length, 'contributor')}, ${count(rounds.length, 'round')}, ${groupDigits(tokens)} verified tokens of ${data.source}`,
  ];
}
