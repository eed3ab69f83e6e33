import { describe, expect, it } from 'vitest';
import { headerHash } from '../codec/blocks.ts';
import { signProposal } from '../codec/consensus-messages.ts';
import type { Block, ConsensusMessage, ConsensusVote, FinalBlock } from '../codec/types.ts';
import { signVote } from '../codec/votes.ts';
import { proposerOf } from '../consensus/authorities.ts';
import { createMemoryWal, GENESIS_HASH, TIMEOUTS, testBlock, testSigners } from '../consensus/testing/fixtures.ts';
import { createVirtualTime, settle } from '../consensus/testing/virtual-time.ts';
import type { BlockApplication, WalRecord, WriteAheadLog } from '../consensus/types.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Signer } from '../primitives/keys.ts';
import { silentLogger } from '../primitives/log.ts';
import { createConsensusDriver } from './consensus-driver.ts';

const SIGNERS = testSigners(4);
const INTERVAL_MS = 1_000;
const START_MS = 1_700_000_000_000;

function signerOf(i: number): Signer {
  const signer = SIGNERS[i];
  if (signer === undefined) throw new RangeError(`no signer ${i}`);
  return signer;
}

function proposerAt(height: number, round = 0): Signer {
  const address = proposerOf(
    SIGNERS.map((signer) => signer.address),
    height,
    round,
  );
  return SIGNERS.find((signer) => signer.address === address) ?? signerOf(0);
}

const blockAt = (height: number, salt = '') =>
  testBlock({ height, proposer: proposerAt(height).address, salt, timestamp: START_MS / 1000 + height - 1 });

function vote(type: ConsensusVote['type'], signer: Signer, height: number, blockHash: Hash | undefined, round = 0): ConsensusMessage {
  return { kind: 'vote', vote: signVote({ type, height, round, blockHash, authority: signer.address }, GENESIS_HASH, signer) };
}

function proposal(block: Block, round = 0): ConsensusMessage {
  const { height } = block.header;
  const signer = proposerAt(height, round);
  const fields = { height, round, validRound: undefined, block, authority: signer.address };
  return { kind: 'proposal', proposal: signProposal(fields, GENESIS_HASH, signer) };
}

interface Setup {
  readonly self?: number | undefined;
  readonly signers?: readonly Signer[];
  readonly wal?: WriteAheadLog & { readonly records: WalRecord[] };
  readonly application?: Partial<BlockApplication>;
  readonly onFailure?: (error: Error) => void;
}

/** One driver whose peers are the test itself. It is authority 0 unless told otherwise: not the proposer of heights 1 to 3 in round 0. */
function setUp(setup: Setup = {}) {
  const signers = setup.signers ?? SIGNERS;
  const self = 'self' in setup ? setup.self : 0;
  const signer = self === undefined ? undefined : signers[self];
  const time = createVirtualTime(START_MS);
  const wal = setup.wal ?? createMemoryWal();
  const sent: ConsensusMessage[] = [];
  const committed: FinalBlock[] = [];
  const log: string[] = [];
  const application: BlockApplication = {
    build: async (height) => testBlock({ height, proposer: signer?.address ?? new Uint8Array(20), salt: 'built' }),
    validate: async () => true,
    commit: async (final) => {
      committed.push(final);
    },
    ...setup.application,
  };
  const driver = createConsensusDriver(
    {
      genesisHash: GENESIS_HASH,
      authoritiesAt: () => signers.map((each) => each.address),
      self: signer?.address,
      timeouts: TIMEOUTS,
      blockIntervalMs: INTERVAL_MS,
    },
    {
      clock: time,
      signer,
      wal,
      application,
      broadcast: (message) => {
        sent.push(message);
        log.push(`sent ${message.kind}`);
      },
      log: silentLogger,
      ...(setup.onFailure === undefined ? {} : { onFailure: setup.onFailure }),
    },
  );
  const hear = async (...messages: ConsensusMessage[]) => {
    const judgements: string[] = [];
    for (const message of messages) judgements.push(await driver.receive(message));
    await settle();
    return judgements;
  };
  return { driver, time, wal, sent, committed, log, hear, elapse: (ms: number) => time.runUntil(time.now() + ms) };
}

/** Everything the other three say to make a block final. */
function decision(block: Block): readonly ConsensusMessage[] {
  const { height } = block.header;
  const hash = headerHash(block.header);
  const others = [1, 2, 3].map(signerOf);
  return [
    proposal(block),
    ...others.map((signer) => vote('prevote', signer, height, hash)),
    ...others.map((signer) => vote('precommit', signer, height, hash)),
  ];
}

const votesOf = (messages: readonly ConsensusMessage[]) => messages.flatMap((message) => (message.kind === 'vote' ? [message.vote] : []));

describe('running heights', () => {
  it('writes what it says to the log before it sends it', async () => {
    const records: WalRecord[] = [];
    const pending: (() => void)[] = [];
    const slow = {
      ...createMemoryWal(records),
      records,
      append: (record: WalRecord) =>
        new Promise<void>((resolve) => {
          pending.push(() => {
            records.push(record);
            resolve();
          });
        }),
    };
    const { driver, time, sent, hear, elapse } = setUp({ wal: slow });
    await driver.startAfter(0);
    await elapse(0);
    await hear(proposal(blockAt(1)));
    expect([pending.length, sent.length]).toEqual([1, 0]);
    pending.shift()?.();
    await settle();
    expect(votesOf(sent)).toMatchObject([{ type: 'prevote', height: 1, round: 0 }]);
    expect(time.now()).toBe(START_MS);
  });

  it('commits, waits for the interval, and goes on with what came early', async () => {
    const { driver, wal, sent, committed, hear, elapse } = setUp();
    await driver.startAfter(0);
    await elapse(10);
    await hear(...decision(blockAt(1)));
    expect(committed.map((final) => final.block.header.height)).toEqual([1]);
    expect(committed[0]?.certificate.signatures.length).toBeGreaterThanOrEqual(3);
    expect(driver.position).toEqual({ height: 2, round: 0 });
    expect(wal.records).toEqual([]);
    sent.length = 0;
    expect(await hear(proposal(blockAt(2)))).toEqual(['accept']);
    await elapse(INTERVAL_MS - 11);
    expect(sent).toEqual([]);
    await elapse(1);
    expect(votesOf(sent)).toMatchObject([{ type: 'prevote', height: 2, blockHash: headerHash(blockAt(2).header) }]);
  });

  it('begins early when more than one third have begun', async () => {
    const { driver, sent, hear, elapse } = setUp();
    await driver.startAfter(0);
    await elapse(10);
    await hear(...decision(blockAt(1)));
    sent.length = 0;
    await hear(proposal(blockAt(2)));
    expect(sent).toEqual([]);
    await hear(vote('prevote', signerOf(1), 2, undefined));
    expect(votesOf(sent)).toMatchObject([{ type: 'prevote', height: 2 }]);
  });

  it('waits for the next second, so that the timestamp can grow', async () => {
    const { driver, committed, hear, elapse, sent } = setUp();
    await driver.startAfter(0);
    await elapse(0);
    const block = testBlock({ height: 1, proposer: proposerAt(1).address, timestamp: START_MS / 1000 + 1 });
    await elapse(1_300);
    await hear(proposal(block, 0));
    await hear(...decision(block));
    expect(committed).toHaveLength(1);
    sent.length = 0;
    await elapse(699);
    await hear(proposal(blockAt(2)));
    expect(sent).toEqual([]);
    await elapse(1);
    expect(sent).toHaveLength(1);
  });

  it('is a network by itself', async () => {
    const signers = testSigners(1);
    const { driver, committed, elapse } = setUp({ signers });
    await driver.startAfter(0);
    await elapse(3_500);
    expect(committed.map((final) => final.block.header.height)).toEqual([1, 2, 3, 4]);
  });

  it('follows without a key', async () => {
    const { driver, committed, sent, hear, elapse } = setUp({ self: undefined });
    await driver.startAfter(0);
    await elapse(5_000);
    await hear(...decision(blockAt(1)));
    expect(committed).toHaveLength(1);
    expect(sent).toEqual([]);
  });

  it('gives up a height that sync has brought, and its late answers with it', async () => {
    let answer: (valid: boolean) => void = () => {};
    const validate = () =>
      new Promise<boolean>((resolve) => {
        answer = resolve;
      });
    const { driver, sent, hear, elapse } = setUp({ application: { validate } });
    await driver.startAfter(0);
    await elapse(0);
    await hear(proposal(blockAt(1)));
    await driver.startAfter(5);
    expect(driver.position).toEqual({ height: 6, round: 0 });
    answer(true);
    await elapse(INTERVAL_MS - 1);
    expect(sent).toEqual([]);
    await driver.startAfter(3);
    expect(driver.position).toEqual({ height: 6, round: 0 });
    expect(await hear(vote('prevote', signerOf(1), 5, undefined))).toEqual(['ignore']);
    expect(await hear(vote('prevote', signerOf(1), 6, undefined))).toEqual(['accept']);
  });

  it('tells the application when a block is no longer wanted', async () => {
    let signal: AbortSignal | undefined;
    const build = (_: number, given: AbortSignal) => {
      signal = given;
      return new Promise<Block>(() => {});
    };
    const self = SIGNERS.indexOf(proposerAt(1));
    const { driver, elapse, hear } = setUp({ self, application: { build } });
    await driver.startAfter(0);
    await elapse(0);
    expect(signal?.aborted).toBe(false);
    for (const signer of SIGNERS) if (signer !== SIGNERS[self]) await hear(vote('prevote', signer, 1, undefined, 6));
    expect(driver.position.round).toBe(6);
    expect(signal?.aborted).toBe(true);
  });
});

describe('what it takes from the network', () => {
  it('rejects strangers, forgeries, and blocks that are not what their header says', async () => {
    const { driver, hear, elapse } = setUp();
    await driver.startAfter(0);
    await elapse(0);
    const [stranger] = testSigners(9).filter((signer) => !SIGNERS.some((known) => known.address.join() === signer.address.join()));
    if (stranger === undefined) throw new Error('a fifth key');
    expect(await hear(vote('prevote', stranger, 1, undefined))).toEqual(['reject']);
    const good = vote('prevote', signerOf(1), 1, undefined);
    if (good.kind !== 'vote') throw new Error('a vote');
    expect(await hear({ kind: 'vote', vote: { ...good.vote, authority: signerOf(2).address } })).toEqual(['reject']);
    expect(await hear({ kind: 'vote', vote: { ...good.vote, round: 1 } })).toEqual(['reject']);
    expect(await hear({ kind: 'vote', vote: { ...good.vote, signature: new Uint8Array(3) } })).toEqual(['reject']);
    const block = blockAt(1);
    const gutted = { ...block, header: { ...block.header, bodyHash: new Uint8Array(32) } };
    expect(await hear(proposal(gutted))).toEqual(['reject']);
    const honest = proposal(block);
    if (honest.kind !== 'proposal') throw new Error('a proposal');
    const swapped = { ...honest.proposal, block: { ...block, execution: new Uint8Array([1]) } };
    expect(await hear({ kind: 'proposal', proposal: swapped })).toEqual(['reject']);
    expect(await hear({ kind: 'proposal', proposal: { ...honest.proposal, authority: signerOf(3).address } })).toEqual(['reject']);
    expect(await hear(good, honest)).toEqual(['accept', 'accept']);
  });

  it('ignores what it knows and what is of other heights', async () => {
    const { driver, hear, elapse } = setUp();
    await driver.startAfter(4);
    await elapse(0);
    const message = vote('prevote', signerOf(1), 5, undefined);
    const early = vote('prevote', signerOf(1), 6, undefined);
    expect(await hear(message, early)).toEqual(['accept', 'accept']);
    expect(await hear(message, early)).toEqual(['ignore', 'ignore']);
    expect(await hear(vote('prevote', signerOf(1), 4, undefined))).toEqual(['ignore']);
    expect(await hear(vote('prevote', signerOf(1), 7, undefined))).toEqual(['ignore']);
  });

  it('reports double votes', async () => {
    const seen: ConsensusMessage[][] = [];
    const time = createVirtualTime(START_MS);
    const driver = createConsensusDriver(
      {
        genesisHash: GENESIS_HASH,
        authoritiesAt: () => SIGNERS.map((each) => each.address),
        self: undefined,
        timeouts: TIMEOUTS,
        blockIntervalMs: 1,
      },
      {
        clock: time,
        wal: createMemoryWal(),
        application: { build: () => Promise.reject(new Error('not asked')), validate: async () => true, commit: async () => {} },
        broadcast: () => {},
        log: silentLogger,
        onEvidence: (first, second) => void seen.push([first, second]),
      },
    );
    await driver.startAfter(0);
    await time.runUntil(START_MS);
    const pair = [vote('prevote', signerOf(1), 1, undefined), vote('prevote', signerOf(1), 1, headerHash(blockAt(1).header))];
    for (const message of pair) await driver.receive(message);
    await settle();
    expect(seen).toEqual([pair]);
  });
});

describe('failures', () => {
  it('stops loudly and signs nothing more when a final block cannot be applied', async () => {
    const failures: Error[] = [];
    const commit = () => Promise.reject(new Error('disk full'));
    const { driver, sent, hear, elapse } = setUp({ application: { commit }, onFailure: (error) => failures.push(error) });
    await driver.startAfter(0);
    await elapse(0);
    await hear(...decision(blockAt(1)));
    expect(failures).toMatchObject([{ code: 'CONSENSUS_COMMIT_FAILED' }]);
    sent.length = 0;
    await elapse(60_000);
    expect(sent).toEqual([]);
    expect(await hear(proposal(blockAt(2)))).toEqual(['ignore']);
    await expect(driver.startAfter(1)).rejects.toMatchObject({ code: 'CONSENSUS_STOPPED' });
  });

  it('says nothing it could not write down', async () => {
    const failures: Error[] = [];
    const wal = { ...createMemoryWal(), records: [], append: () => Promise.reject(new Error('read-only file system')) };
    const { driver, sent, elapse } = setUp({ wal, onFailure: (error) => failures.push(error) });
    await driver.startAfter(0);
    await elapse(60_000);
    expect(sent).toEqual([]);
    expect(failures).toMatchObject([{ code: 'CONSENSUS_LOG_FAILED' }]);
  });

  it('does not start on a log it cannot read', async () => {
    const failures: Error[] = [];
    const wal = { ...createMemoryWal(), records: [], read: () => Promise.reject(new Error('damaged')) };
    const { driver, sent, elapse } = setUp({ wal, onFailure: (error) => failures.push(error) });
    await driver.startAfter(0);
    await elapse(60_000);
    expect(sent).toEqual([]);
    expect(failures).toMatchObject([{ code: 'CONSENSUS_LOG_FAILED' }]);
  });

  it('waits for another copy when the block it had refused is final and does not apply', async () => {
    const failures: Error[] = [];
    const applied: Block[] = [];
    const block = blockAt(1);
    const forged = { ...block, execution: new Uint8Array([9]) };
    const { driver, hear, elapse } = setUp({
      application: {
        validate: async (candidate) => candidate.execution[0] !== 9,
        commit: async ({ block: final }) => {
          if (final.execution[0] === 9) throw new Error('transactions do not match');
          applied.push(final);
        },
      },
      onFailure: (error) => failures.push(error),
    });
    await driver.startAfter(0);
    await elapse(0);
    await hear(proposal(forged), ...decision(block).slice(1));
    expect([failures, applied]).toEqual([[], []]);
    await hear(proposal(block));
    expect(failures).toEqual([]);
    expect(applied).toEqual([block]);
  });

  it('gives no vote to what could not be judged, and goes on', async () => {
    const { driver, sent, hear, elapse } = setUp({ application: { validate: () => Promise.reject(new Error('worker died')) } });
    await driver.startAfter(0);
    await elapse(0);
    await hear(proposal(blockAt(1)));
    expect(votesOf(sent)).toMatchObject([{ type: 'prevote', blockHash: undefined }]);
  });

  it('lets the next proposer go on when building fails', async () => {
    const self = SIGNERS.indexOf(proposerAt(1));
    const { driver, sent, elapse } = setUp({ self, application: { build: () => Promise.reject(new Error('no state')) } });
    await driver.startAfter(0);
    await elapse(TIMEOUTS.proposeMs);
    expect(votesOf(sent)[0]).toMatchObject({ type: 'prevote', blockHash: undefined });
  });

  it('refuses to run an authority without its key', () => {
    const authoritiesAt = () => SIGNERS.map((each) => each.address);
    const options = { genesisHash: GENESIS_HASH, authoritiesAt, timeouts: TIMEOUTS, blockIntervalMs: 1 };
    const dependencies = {
      clock: createVirtualTime(),
      wal: createMemoryWal(),
      application: { build: () => Promise.reject(new Error()), validate: async () => true, commit: async () => {} },
      broadcast: () => {},
      log: silentLogger,
    };
    const { address } = signerOf(0);
    expect(() => createConsensusDriver({ ...options, self: address }, dependencies)).toThrow(/needs its own key/);
    expect(() => createConsensusDriver({ ...options, self: address }, { ...dependencies, signer: signerOf(1) })).toThrow(
      /needs its own key/,
    );
  });
});

describe('stopping and starting again', () => {
  it('leaves no timer and says nothing after stop', async () => {
    const { driver, time, sent, hear, elapse } = setUp();
    await driver.startAfter(0);
    await elapse(0);
    await driver.stop();
    await driver.stop();
    const before = time.eventsRun;
    await elapse(60_000);
    expect(time.eventsRun).toBe(before);
    expect(await hear(proposal(blockAt(1)))).toEqual(['ignore']);
    expect(sent).toEqual([]);
    await expect(driver.startAfter(1)).rejects.toMatchObject({ code: 'CONSENSUS_STOPPED' });
  });

  it('stands by its words after a restart', async () => {
    const wal = createMemoryWal();
    const block = blockAt(1);
    const first = setUp({ wal });
    await first.driver.startAfter(0);
    await first.elapse(0);
    await first.hear(...decision(block).slice(0, 3));
    expect(votesOf(first.sent).map((each) => each.type)).toEqual(['prevote', 'precommit']);
    await first.driver.stop();
    const second = setUp({ wal });
    await second.driver.startAfter(0);
    await second.elapse(0);
    await second.hear(proposal(blockAt(1, 'another')));
    await second.elapse(5_000);
    const said = votesOf(second.sent).filter((each) => each.round === 0 && each.authority === signerOf(0).address);
    expect(new Set(said.map((each) => each.blockHash?.join()))).toEqual(new Set([headerHash(block.header).join()]));
  });
});
