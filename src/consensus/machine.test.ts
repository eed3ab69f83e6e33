import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerHash } from '../codec/blocks.ts';
import type { Block, ConsensusMessage, ConsensusVote } from '../codec/types.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Address } from '../primitives/keys.ts';
import { proposerOf } from './authorities.ts';
import { FUTURE_ROUNDS_PER_AUTHORITY, PAST_ROUNDS_KEPT } from './limits.ts';
import { step } from './machine.ts';
import { type ConsensusState, initialState } from './state.ts';
import { GENESIS_HASH, TIMEOUTS, testBlock, testSigners } from './testing/fixtures.ts';
import type { ConsensusEffect, ConsensusEvent, ConsensusOptions, WalRecord } from './types.ts';

const HEIGHT = 1;
const AUTHORITIES = testSigners(4).map((signer) => signer.address);
/** Proposes at height 1 in round 3: the rounds before are others'. */
const SELF = 0;

function at(i: number): Address {
  const address = AUTHORITIES[i];
  if (address === undefined) throw new RangeError(`no authority ${i}`);
  return address;
}

const options = (self: number | undefined): ConsensusOptions => ({
  genesisHash: GENESIS_HASH,
  authorities: AUTHORITIES,
  self: self === undefined ? undefined : at(self),
  timeouts: TIMEOUTS,
});

const proposer = (round: number) => proposerOf(AUTHORITIES, HEIGHT, round);
const block = (round: number, salt = '') => testBlock({ height: HEIGHT, proposer: proposer(round), salt });
const hashOf = (of: Block) => headerHash(of.header);

let serial = 0;
/** Signatures are not looked at by the machine; two messages are one when theirs are equal. */
const signature = () => new Uint8Array(65).fill(++serial % 256, 0, 64).fill((serial >> 8) % 256, 64);

function vote(type: ConsensusVote['type'], author: number, round: number, blockHash: Hash | undefined): ConsensusMessage {
  return { kind: 'vote', vote: { type, height: HEIGHT, round, blockHash, authority: at(author), signature: signature() } };
}

function proposal(round: number, of: Block, validRound?: number): ConsensusMessage {
  return {
    kind: 'proposal',
    proposal: { height: HEIGHT, round, validRound, block: of, authority: proposer(round), signature: signature() },
  };
}

/** Plays events, feeding what the node signs back to it as the driver does, and collects the effects. */
function play(self: number | undefined = SELF, recovered: readonly WalRecord[] = []) {
  const effects: ConsensusEffect[] = [];
  const records: WalRecord[] = [...recovered];
  let state: ConsensusState = initialState(options(self));
  const give = (event: ConsensusEvent) => {
    const transition = step(state, event);
    state = transition.state;
    effects.push(...transition.effects);
    for (const effect of transition.effects) {
      if (effect.type === 'signVote') {
        const signed = { ...effect.vote, signature: signature() };
        records.push({ type: 'vote', vote: signed, lock: effect.lock });
        give({ type: 'message', message: { kind: 'vote', vote: signed } });
      } else if (effect.type === 'signProposal') {
        const signed = { ...effect.proposal, signature: signature() };
        records.push({ type: 'proposal', proposal: signed });
        give({ type: 'message', message: { kind: 'proposal', proposal: signed } });
      }
    }
  };
  give({ type: 'start', height: HEIGHT, recovered });
  return {
    hear: (...messages: ConsensusMessage[]) => messages.forEach((message) => void give({ type: 'message', message })),
    judge: (of: Block, valid = true) => give({ type: 'validated', height: HEIGHT, blockHash: hashOf(of), valid }),
    timeout: (kind: 'propose' | 'prevote' | 'precommit' | 'resend', round: number) =>
      give({ type: 'timeout', kind, height: HEIGHT, round }),
    give,
    effects,
    records,
    of: <T extends ConsensusEffect['type']>(type: T) =>
      effects.filter((effect): effect is Extract<ConsensusEffect, { type: T }> => effect.type === type),
    votes: () => effects.flatMap((effect) => (effect.type === 'signVote' ? [effect.vote] : [])),
    get state() {
      return state;
    },
  };
}

/** A node that has locked a block in round 0 and stands in round 1. */
function lockedInRoundZero() {
  const node = play();
  const b = block(0);
  node.hear(proposal(0, b));
  node.judge(b);
  node.hear(vote('prevote', 1, 0, hashOf(b)), vote('prevote', 2, 0, hashOf(b)));
  node.hear(vote('precommit', 1, 0, undefined), vote('precommit', 2, 0, undefined));
  node.timeout('precommit', 0);
  return { node, b };
}

describe('a round without trouble', () => {
  it('goes from proposal to commit, and each step waits for its quorum', () => {
    const node = play();
    const b = block(0);
    node.hear(proposal(0, b));
    expect(node.of('validate')).toHaveLength(1);
    expect(node.votes()).toEqual([]);
    node.judge(b);
    expect(node.votes()).toMatchObject([{ type: 'prevote', round: 0, blockHash: hashOf(b) }]);
    node.hear(vote('prevote', 1, 0, hashOf(b)));
    expect(node.votes()).toHaveLength(1);
    node.hear(vote('prevote', 2, 0, hashOf(b)));
    expect(node.votes()[1]).toMatchObject({ type: 'precommit', round: 0, blockHash: hashOf(b) });
    expect(node.of('signVote')[1]?.lock).toMatchObject({ lockedRound: 0, lockedBlockHash: hashOf(b), validRound: 0, validBlock: b });
    expect(node.of('signVote')[1]?.lock.justification).toHaveLength(3);
    node.hear(vote('precommit', 3, 0, hashOf(b)));
    expect(node.of('commit')).toEqual([]);
    node.hear(vote('precommit', 1, 0, hashOf(b)));
    const [commit] = node.of('commit');
    expect(commit).toMatchObject({ validated: true, final: { block: b, certificate: { height: HEIGHT, round: 0, blockHash: hashOf(b) } } });
    expect(commit?.final.certificate.signatures.map((entry) => entry.authority)).toEqual([at(0), at(1), at(3)]);
    node.timeout('propose', 0);
    expect(node.votes()).toHaveLength(2);
  });

  it('proposes when it is its turn, and only then', () => {
    expect(play(0).of('build')).toEqual([]);
    const node = play(1);
    expect(node.of('build')).toEqual([{ type: 'build', height: HEIGHT, round: 0 }]);
    const b = block(0);
    node.give({ type: 'built', height: HEIGHT, round: 0, block: b });
    node.give({ type: 'built', height: HEIGHT, round: 0, block: block(0, 'second') });
    expect(node.of('signProposal')).toMatchObject([{ proposal: { round: 0, validRound: undefined, block: b } }]);
    // Its own block needs no second opinion.
    expect(node.votes()).toMatchObject([{ type: 'prevote', blockHash: hashOf(b) }]);
  });

  it('decides alone as the only authority', () => {
    const alone = { ...options(0), authorities: [at(0)] };
    let { state, effects } = step(initialState(alone), { type: 'start', height: 9, recovered: [] });
    const b = testBlock({ height: 9, proposer: at(0) });
    const seen: string[] = [];
    let events: ConsensusEvent[] = [{ type: 'built', height: 9, round: 0, block: b }];
    while (events.length > 0) {
      const next: ConsensusEvent[] = [];
      for (const event of events) {
        ({ state, effects } = step(state, event));
        for (const effect of effects) {
          seen.push(effect.type);
          if (effect.type === 'signVote')
            next.push({ type: 'message', message: { kind: 'vote', vote: { ...effect.vote, signature: signature() } } });
          if (effect.type === 'signProposal') {
            next.push({ type: 'message', message: { kind: 'proposal', proposal: { ...effect.proposal, signature: signature() } } });
          }
        }
      }
      events = next;
    }
    expect(seen).toContain('commit');
  });

  it('follows without a word', () => {
    const node = play(undefined);
    const b = block(0);
    node.hear(proposal(0, b));
    for (const i of [1, 2, 3]) node.hear(vote('prevote', i, 0, hashOf(b)), vote('precommit', i, 0, hashOf(b)));
    expect(node.of('commit')).toEqual([]);
    node.judge(b);
    expect(node.of('commit')).toHaveLength(1);
    node.timeout('resend', 0);
    expect([...node.votes(), ...node.of('resend')]).toEqual([]);
  });
});

describe('rounds that fail', () => {
  it('prevotes nil for an invalid block and when none comes (lines 26, 57)', () => {
    const invalid = play();
    invalid.hear(proposal(0, block(0)));
    invalid.judge(block(0), false);
    expect(invalid.votes()).toMatchObject([{ type: 'prevote', blockHash: undefined }]);
    const silent = play();
    silent.timeout('propose', 0);
    expect(silent.votes()).toMatchObject([{ type: 'prevote', blockHash: undefined }]);
  });

  it('precommits nil on a quorum of nil (line 44) or when prevotes stay divided (lines 34, 61)', () => {
    const nil = play();
    nil.timeout('propose', 0);
    nil.hear(vote('prevote', 1, 0, undefined), vote('prevote', 2, 0, undefined));
    expect(nil.votes()[1]).toMatchObject({ type: 'precommit', blockHash: undefined });
    const divided = play();
    divided.timeout('propose', 0);
    divided.hear(vote('prevote', 1, 0, hashOf(block(0))), vote('prevote', 2, 0, undefined));
    expect(divided.of('schedule').filter((effect) => effect.kind === 'prevote')).toHaveLength(1);
    divided.timeout('prevote', 0);
    expect(divided.votes()[1]).toMatchObject({ type: 'precommit', blockHash: undefined });
  });

  it('enters the next round after a quorum of precommits and a longer and longer wait (lines 47, 65)', () => {
    const node = play();
    for (let round = 0; round < 3; round++) {
      for (const i of [1, 2, 3]) node.hear(vote('precommit', i, round, undefined));
      expect(node.of('schedule').at(-1)).toMatchObject({
        kind: 'precommit',
        round,
        ms: TIMEOUTS.precommitMs + round * TIMEOUTS.precommitDeltaMs,
      });
      node.timeout('precommit', round);
      expect(node.state.round).toBe(round + 1);
    }
    expect(node.of('build')).toEqual([{ type: 'build', height: HEIGHT, round: 3 }]);
  });

  it('says nil in a round it leaves without a precommit: those who stay may need it, and what let it leave can die with it', () => {
    const node = play();
    node.hear(vote('precommit', 1, 0, undefined), vote('precommit', 2, 0, undefined), vote('precommit', 3, 0, undefined));
    node.timeout('precommit', 0);
    expect(node.state.round).toBe(1);
    expect(node.votes()).toEqual([expect.objectContaining({ type: 'precommit', round: 0, blockHash: undefined })]);
    // It restarts without the others' messages, and says its own again.
    const again = play(SELF, node.records);
    const said = again.of('resend').flatMap(({ messages }) => messages);
    expect(said).toContainEqual(expect.objectContaining({ vote: expect.objectContaining({ type: 'precommit', round: 0 }) }));
  });

  it('skips to a round in which more than one third speak (line 55), and not for one third', () => {
    const node = play();
    node.hear(vote('prevote', 1, 7, undefined), vote('precommit', 1, 7, undefined));
    expect(node.state.round).toBe(0);
    node.hear(vote('prevote', 3, 7, undefined));
    expect(node.state.round).toBe(7);
  });

  it('ignores timeouts of other rounds, steps and heights', () => {
    const { node } = lockedInRoundZero();
    const before = node.effects.length;
    node.timeout('propose', 0);
    node.timeout('prevote', 1);
    node.timeout('precommit', 0);
    node.give({ type: 'timeout', kind: 'propose', height: HEIGHT + 1, round: 1 });
    expect(node.effects).toHaveLength(before);
  });
});

describe('the lock', () => {
  it('refuses another new block (line 22) and takes the same one', () => {
    const other = lockedInRoundZero();
    const b = block(1, 'other');
    other.node.hear(proposal(1, b));
    other.node.judge(b);
    expect(other.node.votes().at(-1)).toMatchObject({ type: 'prevote', round: 1, blockHash: undefined });
    const same = lockedInRoundZero();
    same.node.hear(proposal(1, same.b, 0));
    expect(same.node.votes().at(-1)).toMatchObject({ type: 'prevote', round: 1, blockHash: hashOf(same.b) });
  });

  it('opens for a block that a quorum prevoted in a later round (line 28), once that quorum is shown', () => {
    const { node } = lockedInRoundZero();
    node.timeout('propose', 1);
    for (const i of [1, 2, 3]) node.hear(vote('precommit', i, 1, undefined));
    node.timeout('precommit', 1);
    const b = block(1, 'other');
    node.hear(proposal(2, b, 1));
    node.judge(b);
    expect(node.votes().filter((each) => each.round === 2)).toEqual([]);
    for (const i of [1, 2, 3]) node.hear(vote('prevote', i, 1, hashOf(b)));
    expect(node.votes().at(-1)).toMatchObject({ type: 'prevote', round: 2, blockHash: hashOf(b) });
  });

  it('is proposed again, with the prevotes that justify it (line 16)', () => {
    const { node, b } = lockedInRoundZero();
    node.hear(vote('prevote', 1, 3, undefined), vote('prevote', 2, 3, undefined));
    expect(node.of('build')).toEqual([]);
    expect(node.of('signProposal')).toMatchObject([{ proposal: { round: 3, validRound: 0, block: b } }]);
    const [justification] = node.of('resend');
    expect(justification?.messages).toHaveLength(3);
  });

  it('counts a double voter for both: a justification holds whatever else its members said', () => {
    const node = play();
    node.timeout('propose', 0);
    node.hear(vote('prevote', 3, 0, undefined));
    for (const i of [1, 2, 3]) node.hear(vote('precommit', i, 0, undefined));
    node.timeout('precommit', 0);
    const b = block(0);
    node.hear(proposal(1, b, 0));
    node.judge(b);
    for (const i of [1, 2]) node.hear(vote('prevote', i, 0, hashOf(b)));
    expect(node.votes().filter((each) => each.round === 1)).toEqual([]);
    node.hear(vote('prevote', 3, 0, hashOf(b)));
    expect(node.votes().at(-1)).toMatchObject({ type: 'prevote', round: 1, blockHash: hashOf(b) });
    expect(node.of('evidence')).toHaveLength(1);
  });
});

describe('what the node could not judge', () => {
  it('commits what 67 % precommitted though it refused it itself, and says so', () => {
    const node = play();
    const b = block(0);
    node.hear(proposal(0, b));
    node.judge(b, false);
    for (const i of [1, 2, 3]) node.hear(vote('precommit', i, 0, hashOf(b)));
    expect(node.of('commit')).toMatchObject([{ validated: false }]);
  });

  it('waits for another body when the application cannot apply the certified one', () => {
    const node = play();
    const b = block(0);
    const forged = { ...b, execution: new Uint8Array([6, 6, 6]) };
    node.hear(proposal(0, forged));
    node.judge(b, false);
    for (const i of [1, 2, 3]) node.hear(vote('precommit', i, 0, hashOf(b)));
    node.give({ type: 'refused', height: HEIGHT, blockHash: hashOf(b) });
    node.hear(proposal(0, b));
    node.judge(b);
    expect(node.of('commit').map((effect) => effect.final.block)).toEqual([forged, b]);
    expect(node.of('commit').at(-1)).toMatchObject({ validated: true });
  });

  it('asks again in a later round about what it refused: an update may have arrived', () => {
    const { node } = lockedInRoundZero();
    const b = block(1);
    node.hear(proposal(1, b));
    node.judge(b, false);
    for (const i of [1, 2, 3]) node.hear(vote('prevote', i, 1, hashOf(b)), vote('precommit', i, 1, undefined));
    node.timeout('precommit', 1);
    const asked = node.of('validate').length;
    node.hear(proposal(2, b, 1));
    expect(node.of('validate')).toHaveLength(asked + 1);
    node.judge(b);
    expect(node.votes().at(-1)).toMatchObject({ type: 'prevote', round: 2, blockHash: hashOf(b) });
  });
});

describe('faulty authorities', () => {
  it('reports a second, different message once, and keeps the first', () => {
    const node = play();
    node.hear(vote('prevote', 1, 0, hashOf(block(0))), vote('prevote', 1, 0, undefined), vote('prevote', 1, 0, hashOf(block(0, 'x'))));
    const first = proposal(0, block(0));
    node.hear(first, first, proposal(0, block(0, 'twin')), proposal(0, block(0, 'triplet')));
    expect(node.of('evidence').map((effect) => effect.first.kind)).toEqual(['vote', 'proposal']);
    expect(node.state.rounds.get(0)?.proposal?.blockHash).toEqual(hashOf(block(0)));
    expect(node.of('validate')).toHaveLength(1);
  });

  it('takes the same vote signed twice for what it is', () => {
    const node = play();
    node.hear(vote('prevote', 1, 0, undefined), vote('prevote', 1, 0, undefined));
    expect(node.of('evidence')).toEqual([]);
  });

  it('ignores strangers, other heights, and proposals out of turn or of another’s new block', () => {
    const node = play();
    const stranger = new Uint8Array(20).fill(7);
    const v = vote('prevote', 1, 0, undefined);
    if (v.kind !== 'vote') throw new Error('a vote');
    node.hear({ kind: 'vote', vote: { ...v.vote, authority: stranger } }, { kind: 'vote', vote: { ...v.vote, height: 2 } });
    node.hear({ kind: 'vote', vote: { ...v.vote, round: 2 ** 40 } });
    const p = proposal(0, block(0));
    if (p.kind !== 'proposal') throw new Error('a proposal');
    node.hear({ kind: 'proposal', proposal: { ...p.proposal, authority: at(3) } }, proposal(0, block(1)), proposal(1, block(0), 1));
    expect(node.state.rounds.size).toBe(0);
  });

  it('keeps a bounded number of messages of one that speaks in ever later rounds', () => {
    const node = play();
    for (let round = 1; round < 500; round++) {
      node.hear(vote('prevote', 1, round, undefined), vote('precommit', 1, round * 1_000, undefined));
      if (round % 4 === 0) node.hear(proposal(round, block(round)));
    }
    expect(node.state.round).toBe(0);
    expect(node.state.rounds.size).toBeLessThanOrEqual(4 * FUTURE_ROUNDS_PER_AUTHORITY);
  });

  it('forgets old rounds but for the lock', () => {
    const { node, b } = lockedInRoundZero();
    for (let round = 1; round < 100; round++) {
      node.hear(proposal(round, block(round)));
      for (const i of [1, 2, 3]) node.hear(vote('precommit', i, round, undefined));
      node.timeout('precommit', round);
    }
    expect(node.state.rounds.size).toBeLessThanOrEqual(PAST_ROUNDS_KEPT + 2);
    expect(node.state.candidates.size).toBeLessThanOrEqual(PAST_ROUNDS_KEPT + 2);
    expect(node.state.lock.validBlock).toEqual(b);
  });
});

describe('after a restart', () => {
  it('stands where it signed last, with its lock, and says it again', () => {
    const { node: before, b } = lockedInRoundZero();
    const node = play(SELF, before.records);
    expect(node.state).toMatchObject({ round: 0, step: 'precommit', lock: { lockedRound: 0, lockedBlockHash: hashOf(b), validBlock: b } });
    expect(node.votes()).toEqual([]);
    const said = node.of('resend').flatMap((effect) => effect.messages);
    expect(said.filter((message) => message.kind === 'vote' && message.vote.authority === at(SELF))).toHaveLength(2);
    // The prevotes of the others are in the log too: without them nobody would have to follow the lock.
    expect(said.filter((message) => message.kind === 'vote' && message.vote.type === 'prevote')).toHaveLength(3);
  });

  it('does not propose a second time', () => {
    const before = play(1);
    before.give({ type: 'built', height: HEIGHT, round: 0, block: block(0) });
    const proposals = before.records.filter((record) => record.type === 'proposal');
    const node = play(1, proposals);
    expect(node.of('build')).toEqual([]);
    node.give({ type: 'built', height: HEIGHT, round: 0, block: block(0, 'second') });
    expect(node.of('signProposal')).toEqual([]);
    // Its own block is judged anew: the application has forgotten it.
    node.judge(block(0));
    expect(node.votes()).toMatchObject([{ type: 'prevote', blockHash: hashOf(block(0)) }]);
  });

  it('heeds an own vote that comes back from the network after the log was lost', () => {
    const node = play();
    node.hear(vote('prevote', SELF, 0, hashOf(block(0, 'before'))));
    node.timeout('propose', 0);
    expect(node.votes()).toEqual([]);
    expect(node.state.step).toBe('prevote');
  });
});

describe('any order of any events', () => {
  const anyHash = fc.constantFrom(undefined, ...[0, 1, 2].map((round) => hashOf(block(round))), hashOf(block(0, 'twin')));
  const anyRound = fc.nat(4);
  const anyEvent: fc.Arbitrary<(node: ReturnType<typeof play>) => void> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constantFrom('prevote' as const, 'precommit' as const), fc.integer({ min: 1, max: 3 }), anyRound, anyHash).map(
        ([type, author, round, hash]) =>
          (node: ReturnType<typeof play>) =>
            node.hear(vote(type, author, round, hash)),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(anyRound, fc.boolean(), fc.option(anyRound, { nil: undefined })).map(
        ([round, twin, validRound]) =>
          (node: ReturnType<typeof play>) =>
            node.hear(proposal(round, block(validRound ?? round, twin ? 'twin' : ''), validRound)),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(anyRound, fc.boolean(), fc.boolean()).map(
        ([round, twin, valid]) =>
          (node: ReturnType<typeof play>) =>
            node.judge(block(round, twin ? 'twin' : ''), valid),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constantFrom('propose' as const, 'prevote' as const, 'precommit' as const, 'resend' as const), anyRound).map(
        ([kind, round]) =>
          (node: ReturnType<typeof play>) =>
            node.timeout(kind, round),
      ),
    },
  );

  it('makes it sign once for a place, lock only upward, and lead to the same state after a restart', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const node = play();
        for (const event of events) event(node);
        const places = node.votes().map((each) => `${each.type}/${each.round}`);
        expect(new Set(places).size).toBe(places.length);
        const locks = node.of('signVote').map((effect) => effect.lock.lockedRound ?? -1);
        expect(locks).toEqual([...locks].sort((a, b) => a - b));
        const restarted = play(SELF, node.records);
        for (const event of events) event(restarted);
        const contents = new Map(node.votes().map((each) => [`${each.type}/${each.round}`, each.blockHash]));
        for (const each of restarted.votes()) expect(contents.has(`${each.type}/${each.round}`)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
