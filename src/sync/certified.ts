import type { HeaderStore } from '../chain/header-store.ts';
import { bodyMatchesHeader, headerHash } from '../codec/blocks.ts';
import type { FinalBlock, Header } from '../codec/types.ts';
import { readSealedPayload, type SealedPayload } from '../execution/sealed-payload.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { decodeProtocolState, protocolRoot } from '../protocol/state-codec.ts';
import type { ProtocolState } from '../protocol/types.ts';
import { syncError } from './errors.ts';
import { fetchOne } from './fetch-one.ts';
import { MAX_BLOCKS_RESPONSE_BYTES, MAX_PROTOCOL_STATE_BYTES } from './limits.ts';
import type { SwarmDependencies } from './swarm.ts';
import { blocksRequestCodec, blocksResponseCodec, protocolStateRequestCodec } from './wire.ts';

/** What lies under certified headers, fetched from any peer: every byte is held against the header of its height. */

export interface CertifiedDependencies extends SwarmDependencies {
  /** Verified, up to the heights asked for. */
  readonly headers: Pick<HeaderStore, 'get'>;
}

export interface CertifiedBlock {
  readonly final: FinalBlock;
  readonly payload: SealedPayload;
}

/** @throws RangeError when the header was not fetched */
export function certifiedHeader({ headers }: Pick<CertifiedDependencies, 'headers'>, height: number): Header {
  const found = headers.get(height);
  if (found === undefined) throw new RangeError(`header ${height} was not fetched`);
  return found.header;
}

/** Blocks from, from+1, …, all of them verified; fewer when they are large, undefined when nobody has the first. @throws the signal's reason */
export function fetchCertifiedBlocks(
  from: number,
  count: number,
  dependencies: CertifiedDependencies,
  signal: AbortSignal,
): Promise<readonly CertifiedBlock[] | undefined> {
  return fetchOne(
    {
      protocol: 'blocks',
      request: blocksRequestCodec.encode({ from, count }),
      maxBytes: 2 * MAX_BLOCKS_RESPONSE_BYTES,
      height: from,
      async accept(bytes) {
        const finals = blocksResponseCodec.decode(bytes);
        const found: CertifiedBlock[] = [];
        for (const [i, { block, certificate: sent }] of finals.slice(0, count).entries()) {
          const header = certifiedHeader(dependencies, from + i);
          if (!equalBytes(headerHash(block.header), headerHash(header)) || !bodyMatchesHeader(block)) {
            throw syncError('SYNC_WRONG_BYTES', `block ${from + i} is not the certified one`);
          }
          const payload = await readSealedPayload(block.execution, header.executionHash);
          // The certificate that was verified with its header, not the one that came now.
          const certificate = dependencies.headers.get(from + i)?.certificate ?? sent;
          found.push({ final: { block, certificate }, payload });
        }
        if (found.length === 0) throw syncError('SYNC_WRONG_BYTES', 'an answer without blocks');
        return found;
      },
    },
    dependencies,
    signal,
  );
}

/** The protocol state after a block; undefined when nobody has it any more. @throws the signal's reason */
export function fetchCertifiedState(
  height: number,
  dependencies: CertifiedDependencies,
  signal: AbortSignal,
): Promise<ProtocolState | undefined> {
  const { protocolRoot: expected } = certifiedHeader(dependencies, height);
  return fetchOne(
    {
      protocol: 'protocol-state',
      request: protocolStateRequestCodec.encode({ height }),
      maxBytes: MAX_PROTOCOL_STATE_BYTES,
      height,
      accept(bytes) {
        const state = decodeProtocolState(bytes);
        if (!equalBytes(protocolRoot(state), expected)) throw syncError('SYNC_WRONG_BYTES', 'a protocol state with another root');
        return state;
      },
    },
    dependencies,
    signal,
  );
}
