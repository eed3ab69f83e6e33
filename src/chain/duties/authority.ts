import { signOperation, voteCommitment } from '../../codec/operations.ts';
import type { Ruling, SignedOperation, VoteOperation } from '../../codec/types.ts';
import type { LearningService, ProofSource } from '../../learning/types.ts';
import type { Genesis } from '../../params/genesis.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Clock } from '../../primitives/clock.ts';
import { isPolError, messageOf } from '../../primitives/errors.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { Address, Signer } from '../../primitives/keys.ts';
import type { Logger } from '../../primitives/log.ts';
import { dealTo, drawOf, isObligatory, type SegmentRef } from '../../protocol/draw.ts';
import { MAX_LOSS } from '../../protocol/losses.ts';
import { type Deadlines, deadlinesOf } from '../../protocol/timeline.ts';
import type { AuthorityRecord, ProtocolState, SealedRound } from '../../protocol/types.ts';
import { createRoundFindings, type RoundFindings } from './findings.ts';
import type { OwnChains } from './hash-chains.ts';
import type { VoteLog } from './vote-log.ts';

/** What an authority does beside block consensus: reveals its randomness, re-executes what it is dealt, votes, rules on disputes. */
export interface AuthorityDuty {
  /** Call after each final block and whenever the model became ready. */
  tick(): void;
  /** Nothing is said or begun any more. A check under way ends with the learning service. */
  stop(): Promise<void>;
}

export interface AuthorityDutyDependencies {
  readonly learning: LearningService;
  readonly proofs: ProofSource;
  readonly signer: Signer;
  readonly chains: OwnChains;
  readonly votes: VoteLog;
  readonly state: () => ProtocolState;
  readonly readyRound: () => number | undefined;
  /** Pools and gossips what the next block can carry; offered again at each block until one holds it. */
  readonly submit: (signed: SignedOperation) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Blocks before its deadline at which a vote is fixed with what is known by then: the commitment still has to reach a block. */
const MARGIN_BLOCKS = 2;

interface Measurement {
  readonly loss: number;
  readonly accuracy: number;
}

/** The work on one sealed round. */
interface Job {
  readonly sealed: SealedRound;
  readonly challengeSeed: Hash;
  readonly findings: RoundFindings;
  /** What this authority has to check, in the order of its findings. */
  readonly dealt: readonly SegmentRef[];
  readonly secretPreimage: Hash;
  /** Of the model that was settled when the round was sealed. */
  measurement: Measurement | undefined;
  gate: { readonly baseline: number; readonly losses: readonly number[] } | undefined;
  vote: SignedOperation<VoteOperation> | undefined;
  /** The vote is on disk: from here on it may be committed to. */
  bound: boolean;
  ruling: SignedOperation | undefined;
  /** This node cannot judge the round. */
  abstains: boolean;
}

export function createAuthorityDuty(
  options: { readonly genesis: Genesis; readonly genesisHash: Hash },
  dependencies: AuthorityDutyDependencies,
): AuthorityDuty {
  const { genesis, genesisHash } = options;
  const { learning, proofs, signer, chains, votes, state, readyRound, submit, clock, log } = dependencies;
  const self = signer.address;
  let job: Job | undefined;
  let working = false;
  let stopped = false;

  const isSelf = (address: Address) => equalBytes(address, self);
  /** What is said about a round that another boundary has settled would be in no block. */
  const isOver = ({ sealed }: Job) => stopped || state().sealed?.number !== sealed.number;

  function preimageOf(record: AuthorityRecord, which: 'public' | 'secret'): Hash | undefined {
    const preimage = chains.holding(record.onion)?.[which].preimageOf(which === 'public' ? record.onion : record.secretOnion);
    if (preimage === undefined) log.error({}, 'a hash chain of this authority is used up, or is not the registered one');
    return preimage;
  }

  /** Registers new chains before the ones in use end. */
  function renew(record: AuthorityRecord, round: number): void {
    const next = record.renewal === undefined ? chains.due(record.onion, record.secretOnion) : undefined;
    if (next === undefined) return;
    const tips = { tip: next.public.tip, secretTip: next.secret.tip };
    submit(signOperation({ type: 'renew', authority: self, round, ...tips }, genesisHash, signer));
  }

  function reveal(record: AuthorityRecord, { height }: ProtocolState, sealed: SealedRound, deadlines: Deadlines): void {
    if (record.revealedRound >= sealed.number || height < sealed.sealedAt || height >= deadlines.reveals) return;
    const preimage = preimageOf(record, 'public');
    if (preimage === undefined) return;
    submit(signOperation({ type: 'reveal', authority: self, round: sealed.number, preimage }, genesisHash, signer));
  }

  function openJob(current: ProtocolState, record: AuthorityRecord, sealed: SealedRound): Job | undefined {
    if (job?.sealed.number === sealed.number) return job;
    const draw = drawOf(current);
    const secretPreimage = draw && preimageOf(record, 'secret');
    if (draw === undefined || secretPreimage === undefined) return undefined;
    const saved = votes.load();
    const vote = saved?.operation.round === sealed.number ? saved : undefined;
    job = {
      sealed,
      challengeSeed: draw.challengeSeed,
      findings: createRoundFindings(sealed, { learning, proofs, clock, log }),
      dealt: dealTo(draw, self, secretPreimage),
      secretPreimage,
      measurement: undefined,
      gate: undefined,
      vote,
      bound: vote !== undefined,
      ruling: undefined,
      abstains: false,
    };
    return job;
  }

  /** Finds out what a vote tells, cheap and needed things first. */
  async function check(current: Job): Promise<void> {
    const { sealed, findings } = current;
    const goOn = () => !isOver(current) && current.vote === undefined;
    current.measurement ??= await learning.evaluate();
    const isNeeded = (ref: SegmentRef) => isObligatory(sealed, ref);
    const order = checkingOrder(current);
    await findings.examine(order.filter(isNeeded), goOn);
    if (goOn()) current.gate ??= await measureGate(current);
    await findings.examine(order, goOn);
    if (goOn()) await bind(current);
  }

  async function measureGate({ sealed, challengeSeed }: Job): Promise<Job['gate']> {
    const { number: round, startRoot, proofs: sealedProofs } = sealed;
    const updates = sealedProofs.map(({ updateHash }) => updateHash);
    const { baseline, losses } = await learning.measureUpdates({ round, startRoot, seed: challengeSeed, updates });
    return { baseline: Math.min(baseline, MAX_LOSS), losses: losses.map((loss) => Math.min(loss, MAX_LOSS)) };
  }

  /** Fixes the vote with what was found so far, and keeps it: what is committed to must be opened, also after a crash. */
  async function bind(current: Job): Promise<void> {
    const { sealed, measurement, gate, dealt, findings, secretPreimage } = current;
    if (measurement === undefined || current.vote !== undefined) return;
    const round = sealed.number;
    const vote: VoteOperation = {
      type: 'vote',
      authority: self,
      round,
      secretPreimage,
      findings: dealt.map(findings.finding),
      gateBaseline: gate?.baseline,
      gateLosses: sealed.proofs.map((_, i) => gate?.losses[i]),
      heldOutLoss: measurement.loss,
      heldOutAccuracy: measurement.accuracy,
    };
    current.vote = signOperation(vote, genesisHash, signer);
    const unchecked = vote.findings.filter(({ kind }) => kind === 'unchecked').length;
    if (unchecked > 0) {
      log.warn({ round, segments: dealt.length, unchecked }, 'voting on part of the segments: this machine is too slow or too busy');
    } else {
      log.info({ round, proofs: sealed.proofs.length, segments: dealt.length, heldOutLoss: measurement.loss }, 'checked');
    }
    await votes.save(current.vote);
    current.bound = true;
    speak(current);
  }

  async function judge(current: Job, disputed: readonly SegmentRef[]): Promise<void> {
    await current.findings.examine(disputed, () => !isOver(current) && current.ruling === undefined);
    rule(current, disputed);
  }

  function rule(current: Job, disputed: readonly SegmentRef[]): void {
    const { findings, sealed } = current;
    const rulings = disputed.map(findings.ruling).filter((ruling): ruling is Ruling => ruling !== undefined);
    if (isOver(current) || current.ruling !== undefined || rulings.length === 0) return;
    current.ruling = signOperation({ type: 'ruling', authority: self, round: sealed.number, rulings }, genesisHash, signer);
    log.info({ round: sealed.number, disputed: disputed.length, ruled: rulings.length }, 'ruled on disputed segments');
    speak(current);
  }

  /** Offers whatever is ready and in its window, until a block holds it. */
  function speak(current: Job): void {
    if (isOver(current)) return;
    const { height, sealed } = state();
    if (sealed === undefined) return;
    const deadlines = deadlinesOf(state(), sealed.sealedAt, genesis);
    const { vote, bound, ruling } = current;
    const committed = sealed.commits.some(({ authority }) => isSelf(authority));
    if (vote !== undefined && bound && !committed && height < deadlines.commits) {
      const commitment = voteCommitment(vote.operation);
      submit(signOperation({ type: 'commit', authority: self, round: sealed.number, commitment }, genesisHash, signer));
    }
    const voted = sealed.votes.some(({ authority }) => isSelf(authority));
    if (vote !== undefined && committed && !voted && height >= deadlines.commits && height < deadlines.votes) submit(vote);
    const ruled = sealed.rulings.some(({ authority }) => isSelf(authority));
    if (ruling !== undefined && !ruled && height < deadlines.rulings) submit(ruling);
  }

  function begin(current: Job, work: () => Promise<void>): void {
    if (working || current.abstains || readyRound() !== state().open.number) return;
    working = true;
    void work()
      .catch((error) => checkFailed(current, error))
      .finally(() => {
        working = false;
      });
  }

  function checkFailed(current: Job, error: unknown): void {
    if (isOver(current)) return;
    const round = current.sealed.number;
    if (isPolError(error, 'LEARNING_WRONG_ROUND')) {
      current.abstains = true;
      log.warn({ round }, 'this node took its model over after the round began: it cannot judge the proofs, and does not vote');
      return;
    }
    log.error({ round, reason: messageOf(error) }, 'checking failed; trying again at the next block');
  }

  return {
    tick() {
      const current = state();
      const { sealed, height } = current;
      const record = current.authorities.find(({ address }) => isSelf(address));
      if (stopped || record === undefined) return;
      renew(record, current.open.number);
      if (sealed === undefined) return;
      const deadlines = deadlinesOf(current, sealed.sealedAt, genesis);
      reveal(record, current, sealed, deadlines);
      const open = openJob(current, record, sealed);
      if (open === undefined) return;
      speak(open);
      if (open.vote === undefined && height < deadlines.commits) {
        if (height >= deadlines.commits - MARGIN_BLOCKS) void bind(open).catch((error) => checkFailed(open, error));
        // The start weights of the sealed round are held from the moment the round after it is open here too.
        else begin(open, () => check(open));
      }
      const { disputes } = sealed;
      if (disputes !== undefined && disputes.length > 0 && open.ruling === undefined) {
        begin(open, () => judge(open, disputes));
        // The last block that can hold it is the next one.
        if (height >= deadlines.rulings - 1) rule(open, disputes);
      }
    },
    async stop() {
      stopped = true;
    },
  };
}

/**
 * Proof by proof, from one that the draw names: the same order for all authorities and another in each round. When time is short they
 * have checked the same proofs, which can then be accepted, and no trainer is always last.
 */
function checkingOrder({ dealt, challengeSeed, sealed }: Job): readonly SegmentRef[] {
  const count = Math.max(1, sealed.proofs.length);
  const first = ((challengeSeed[0] as number) * 256 + (challengeSeed[1] as number)) % count;
  const turn = ({ proof }: SegmentRef) => (proof - first + count) % count;
  return [...dealt].sort((a, b) => turn(a) - turn(b) || a.segment - b.segment);
}
