import { bodyHash, bodyMatchesHeader, headerHash } from '../codec/blocks.ts';
import type { Block, FinalBlock } from '../codec/types.ts';
import type { BlockApplication } from '../consensus/types.ts';
import { concatBytes, equalBytes, uint64BE } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import type { SimulatedDisk } from './disk.ts';
import type { Random } from './random.ts';

/** The least application consensus can run on: blocks that follow each other, with a random payload each. */
export interface Ledger extends BlockApplication {
  readonly height: number;
  /** Final blocks above a height. */
  final(after: number, count: number): readonly FinalBlock[];
}

const WORK_MS = 20;

export function createLedger(
  options: { readonly genesisHash: Hash; readonly self: Address },
  dependencies: { readonly clock: Clock; readonly random: Random; readonly disk: SimulatedDisk },
): Ledger {
  const { genesisHash, self } = options;
  const { clock, random, disk } = dependencies;
  let committing: Promise<void> = Promise.resolve();

  const worked = () => new Promise<void>((resolve) => void clock.after(random.between(1, WORK_MS), resolve));
  const head = () => disk.blocks.at(-1)?.block.header;
  const parentHash = () => {
    const parent = head();
    return parent === undefined ? genesisHash : headerHash(parent);
  };
  const follows = ({ header }: Block) =>
    header.height === disk.blocks.length + 1 && equalBytes(header.parentHash, parentHash()) && header.timestamp > (head()?.timestamp ?? 0);
  const isWhole = (block: Block) => bodyMatchesHeader(block) && equalBytes(block.header.executionHash, sha256(block.execution));

  async function commit(final: FinalBlock): Promise<void> {
    const { header } = final.block;
    if (header.height <= disk.blocks.length) return;
    if (!follows(final.block) || !isWhole(final.block)) throw new Error(`block ${header.height} does not apply`);
    await disk.appendBlock(final, clock);
  }

  return {
    get height() {
      return disk.blocks.length;
    },
    final: (after, count) => disk.blocks.slice(after, after + count),
    async build(height) {
      const parent = parentHash();
      const timestamp = Math.max((head()?.timestamp ?? 0) + 1, Math.floor(clock.now() / 1000));
      await worked();
      const execution = concatBytes(self, uint64BE(random.integer(2 ** 32)));
      const header = {
        height,
        timestamp,
        proposer: self,
        parentHash: parent,
        executionHash: sha256(execution),
        bodyHash: bodyHash([], undefined),
        protocolRoot: new Uint8Array(32),
        nextAuthorities: new Uint8Array(32),
      };
      return { header, operations: [], boundary: undefined, execution };
    },
    async validate(block) {
      await worked();
      return follows(block) && isWhole(block);
    },
    commit(final) {
      const done = committing.then(() => commit(final));
      committing = done.catch(() => {});
      return done;
    },
  };
}
