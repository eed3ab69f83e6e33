import { blockContentHash, blockShape } from '../codec/blocks.ts';
import { MAX_AUTHORITIES, MAX_BLOCK_BYTES } from '../codec/limits.ts';
import { address, codec, hash, list, optional, signature, struct, uint, union } from '../codec/shape.ts';
import type { Block, ConsensusVote, Proposal } from '../codec/types.ts';
import { voteShape } from '../codec/votes.ts';
import { consensusError } from '../consensus/errors.ts';
import type { LockState, WalRecord, WriteAheadLog } from '../consensus/types.ts';
import { concatBytes, equalBytes, toHex } from '../primitives/bytes.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { type LogFile, type LogFiles, systemLogFiles } from './log-files.ts';
import { createMutex } from './mutex.ts';

/** One record in the file. A block is written with the first record that mentions it, and named by content in the others. */
type Entry = EntryContent & { readonly blocks: readonly Block[] };
type EntryContent =
  | { readonly type: 'vote'; readonly vote: ConsensusVote; readonly lock: StoredLock }
  | { readonly type: 'proposal'; readonly proposal: StoredProposal };
type StoredLock = Omit<LockState, 'validBlock'> & { readonly validBlock: Hash | undefined };
type StoredProposal = Omit<Proposal, 'block'> & { readonly block: Hash };

const FRAME_CHECKSUM_BYTES = 8;
const FRAME_HEADER_BYTES = 4 + FRAME_CHECKSUM_BYTES;
/** A block and a quorum of votes, with room. */
const MAX_ENTRY_BYTES = MAX_BLOCK_BYTES + 64 * 1024;

const lockShape = struct<StoredLock>({
  lockedRound: optional(uint),
  lockedBlockHash: optional(hash),
  validRound: optional(uint),
  validBlock: optional(hash),
  justification: list(voteShape, MAX_AUTHORITIES),
});

const proposalShape = struct<StoredProposal>({
  height: uint,
  round: uint,
  validRound: optional(uint),
  block: hash,
  authority: address,
  signature,
});

const blocks = list(blockShape, 1);

const entryCodec = codec(
  'walEntry',
  union<Entry, 'type'>('type', {
    vote: { tag: 1, fields: { vote: voteShape, lock: lockShape, blocks } },
    proposal: { tag: 2, fields: { proposal: proposalShape, blocks } },
  }),
  MAX_ENTRY_BYTES,
);

/** A write-ahead log that holds a file open. */
export interface FileWal extends WriteAheadLog {
  close(): Promise<void>;
}

/**
 * The consensus write-ahead log in one file: frames of length (u32, big-endian), the first 8 bytes of the payload's
 * SHA-256, and the payload in RLP. `append` resolves once the frame is on the disk (fdatasync). A frame cut off at the end
 * of the file was never acted on and is dropped; a damaged one before the end is an error, for forgetting a signed vote
 * may mean signing against it. The file is opened, and made, by the first call.
 * @throws CONSENSUS_LOG_CORRUPT, and the file system's errors, from its methods
 */
export function createFileWal(path: string, files: LogFiles = systemLogFiles): FileWal {
  const serial = createMutex();
  let opened: { file: LogFile; size: number; records: readonly WalRecord[]; known: Set<string> } | undefined;
  let broken: Error | undefined;

  async function ready() {
    if (broken !== undefined) throw broken;
    opened ??= await load(path, files);
    return opened;
  }

  return {
    append: (record) =>
      serial.run(async () => {
        const log = await ready();
        const frame = encodeFrame(record, log.known);
        try {
          await log.file.write(frame, log.size);
          await log.file.sync();
        } catch (error) {
          // What the disk now holds is unknown: only reading it anew can tell.
          broken = new Error(`${path} failed in an earlier write: ${messageOf(error)}`, { cause: error });
          throw error;
        }
        log.size += frame.length;
        log.records = [...log.records, record];
        remember(log.known, record);
      }),

    read: (height) => serial.run(async () => (await ready()).records.filter((record) => heightOf(record) >= height)),

    prune: (height) =>
      serial.run(async () => {
        const log = await ready();
        const kept = log.records.filter((record) => heightOf(record) >= height);
        if (kept.length === log.records.length) return;
        if (kept.length === 0) {
          await log.file.truncate(0);
          Object.assign(log, { size: 0, records: [], known: new Set() });
          return;
        }
        await log.file.close();
        opened = undefined;
        await files.replace(path, encodeFrames(kept));
      }),

    close: () =>
      serial.run(async () => {
        await opened?.file.close();
        opened = undefined;
      }),
  };
}

async function load(path: string, files: LogFiles) {
  const file = await files.open(path);
  try {
    const bytes = await file.read();
    const { records, size } = decodeFrames(bytes, path);
    if (size < bytes.length) {
      await file.truncate(size);
      await file.sync();
    }
    const known = new Set<string>();
    for (const record of records) remember(known, record);
    return { file, size, records, known };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function encodeFrames(records: readonly WalRecord[]): Uint8Array {
  const known = new Set<string>();
  const frames = records.map((record) => {
    const frame = encodeFrame(record, known);
    remember(known, record);
    return frame;
  });
  return concatBytes(...frames);
}

function encodeFrame(record: WalRecord, known: ReadonlySet<string>): Uint8Array {
  const block = blockOf(record);
  const id = block === undefined ? undefined : blockContentHash(block);
  const fresh = block !== undefined && id !== undefined && !known.has(toHex(id)) ? [block] : [];
  const payload = entryCodec.encode({ ...withoutBlock(record, id), blocks: fresh });
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, payload.length);
  return concatBytes(length, checksum(payload), payload);
}

function withoutBlock(record: WalRecord, id: Hash | undefined): EntryContent {
  if (record.type === 'vote') return { type: 'vote', vote: record.vote, lock: { ...record.lock, validBlock: id } };
  return { type: 'proposal', proposal: { ...record.proposal, block: id ?? blockContentHash(record.proposal.block) } };
}

function decodeFrames(bytes: Uint8Array, path: string): { records: readonly WalRecord[]; size: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const byId = new Map<string, Block>();
  const records: WalRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + FRAME_HEADER_BYTES;
    if (start > bytes.length) break;
    const end = start + view.getUint32(at);
    const payload = bytes.subarray(start, end);
    if (end > bytes.length || !equalBytes(checksum(payload), bytes.subarray(at + 4, start))) {
      // Cut off, or lengthened with zeros before its data was written: the last append never finished.
      if (end >= bytes.length || bytes.subarray(at).every((byte) => byte === 0)) break;
      throw corrupt(path, at, 'a checksum does not match');
    }
    records.push(decodeEntry(payload, byId, path, at));
    at = end;
  }
  return { records, size: at };
}

function decodeEntry(payload: Uint8Array, byId: Map<string, Block>, path: string, at: number): WalRecord {
  let entry: Entry;
  try {
    entry = entryCodec.decode(payload);
  } catch (cause) {
    throw corrupt(path, at, 'a record does not decode', cause);
  }
  for (const block of entry.blocks) byId.set(toHex(blockContentHash(block)), block);
  const find = (id: Hash): Block => {
    const block = byId.get(toHex(id));
    if (block === undefined) throw corrupt(path, at, 'a block it names is missing');
    return block;
  };
  if (entry.type === 'proposal') return { type: 'proposal', proposal: { ...entry.proposal, block: find(entry.proposal.block) } };
  const { validBlock, ...lock } = entry.lock;
  return { type: 'vote', vote: entry.vote, lock: { ...lock, validBlock: validBlock === undefined ? undefined : find(validBlock) } };
}

function corrupt(path: string, at: number, why: string, cause?: unknown) {
  const cure = 'restore the file, or wait until the network has passed its height before removing it';
  return consensusError('CONSENSUS_LOG_CORRUPT', `${path}: ${why} at byte ${at}; ${cure}`, { cause });
}

function checksum(payload: Uint8Array): Uint8Array {
  return sha256(payload).subarray(0, FRAME_CHECKSUM_BYTES);
}

function remember(known: Set<string>, record: WalRecord): void {
  const block = blockOf(record);
  if (block !== undefined) known.add(toHex(blockContentHash(block)));
}

function blockOf(record: WalRecord): Block | undefined {
  return record.type === 'vote' ? record.lock.validBlock : record.proposal.block;
}

function heightOf(record: WalRecord): number {
  return record.type === 'vote' ? record.vote.height : record.proposal.height;
}
