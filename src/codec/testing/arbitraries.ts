import fc from 'fast-check';
import { compareBytes } from '../../primitives/bytes.ts';
import type {
  AuthorityChange,
  Block,
  Boundary,
  Certificate,
  ConsensusMessage,
  ConsensusStatement,
  ConsensusVote,
  FinalBlock,
  Finding,
  Header,
  Opening,
  Operation,
  Proposal,
  Ruling,
  SignedOperation,
} from '../types.ts';

/** Random values of every encoded type, for property tests here and in the rooms above. */
const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyHash = anyBytes(32);
const anyAddress = anyBytes(20);
const anySignature = anyBytes(65);
const anyUint = fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER));
const anyF32 = fc.float({ noNaN: true, noDefaultInfinity: true });
const anyAscendingAddresses = (maxLength: number) =>
  fc.uniqueArray(anyAddress, { maxLength, comparator: (a, b) => compareBytes(a, b) === 0 }).map((all) => all.sort(compareBytes));
const maybe = <T>(inner: fc.Arbitrary<T>) => fc.option(inner, { nil: undefined });

export const anyVote: fc.Arbitrary<ConsensusVote> = fc.record({
  type: fc.constantFrom('prevote' as const, 'precommit' as const),
  height: anyUint,
  round: anyUint,
  blockHash: maybe(anyHash),
  authority: anyAddress,
  signature: anySignature,
});

const anyFault = fc.constantFrom('start' as const, 'state' as const, 'update' as const);
const anyFinding: fc.Arbitrary<Finding> = fc.oneof(
  fc.record({ kind: fc.constant('ok' as const), digest: anyHash }),
  fc.record({ kind: fc.constant('unavailable' as const) }),
  fc.record({ kind: fc.constant('unchecked' as const) }),
  fc.record({ kind: fc.constant('fraud' as const), fault: anyFault }),
);

const anySteps = fc.array(anyHash, { maxLength: 5 });
const anyRuling: fc.Arbitrary<Ruling> = fc.oneof(
  fc.record({ proof: anyUint, segment: anyUint, kind: fc.constant('held' as const), steps: anySteps }),
  fc.record({ proof: anyUint, segment: anyUint, kind: fc.constant('fraud' as const), fault: anyFault, steps: anySteps }),
  fc.record({ proof: anyUint, segment: anyUint, kind: fc.constant('unavailable' as const) }),
);

const anyStatement: fc.Arbitrary<ConsensusStatement> = fc.oneof(
  fc.record({ kind: fc.constant('vote' as const), vote: anyVote }),
  fc.record({
    kind: fc.constant('proposal' as const),
    proposal: fc.record({
      height: anyUint,
      round: anyUint,
      validRound: maybe(anyUint),
      blockHash: anyHash,
      contentHash: anyHash,
      authority: anyAddress,
      signature: anySignature,
    }),
  }),
);

const anyChange: fc.Arbitrary<AuthorityChange> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), candidate: anyAddress, tip: anyHash, secretTip: anyHash }),
  fc.record({ kind: fc.constant('remove' as const), candidate: anyAddress }),
);

export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('join' as const), trainer: anyAddress, round: anyUint }),
  fc.record({
    type: fc.constant('proof' as const),
    trainer: anyAddress,
    round: anyUint,
    segments: fc.integer({ min: 1, max: 5000 }),
    tokens: anyUint,
    leavesRoot: anyHash,
    updateHash: anyHash,
    updateBytes: anyUint,
    loss: anyF32,
  }),
  fc.record({ type: fc.constant('reveal' as const), authority: anyAddress, round: anyUint, preimage: anyHash }),
  fc.record({
    type: fc.constant('vote' as const),
    authority: anyAddress,
    round: anyUint,
    secretPreimage: anyHash,
    findings: fc.array(anyFinding, { maxLength: 6 }),
    gateBaseline: maybe(anyF32),
    gateLosses: fc.array(maybe(anyF32), { maxLength: 4 }),
    heldOutLoss: anyF32,
    heldOutAccuracy: anyF32,
  }),
  fc.record({ type: fc.constant('withdraw' as const), trainer: anyAddress, round: anyUint }),
  fc.record({ type: fc.constant('commit' as const), authority: anyAddress, round: anyUint, commitment: anyHash }),
  fc.record({
    type: fc.constant('ruling' as const),
    authority: anyAddress,
    round: anyUint,
    rulings: fc.array(anyRuling, { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('exit' as const), account: anyAddress, round: anyUint, gwei: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  fc.record({ type: fc.constant('evidence' as const), reporter: anyAddress, round: anyUint, first: anyStatement, second: anyStatement }),
  fc.record({ type: fc.constant('authority_vote' as const), authority: anyAddress, round: anyUint, change: anyChange }),
  fc.record({ type: fc.constant('renew' as const), authority: anyAddress, round: anyUint, tip: anyHash, secretTip: anyHash }),
);

export const anySignedOperation: fc.Arbitrary<SignedOperation> = fc.record({ operation: anyOperation, signature: anySignature });

const anyBoundary: fc.Arbitrary<Boundary> = fc.record({
  sealed: anyAscendingAddresses(5),
  modelRoot: anyHash,
  startRoot: anyHash,
  authorities: maybe(anyAscendingAddresses(4)),
});

export const anyHeader: fc.Arbitrary<Header> = fc.record({
  height: anyUint,
  timestamp: anyUint,
  proposer: anyAddress,
  parentHash: anyHash,
  executionHash: anyHash,
  bodyHash: anyHash,
  protocolRoot: anyHash,
  nextAuthorities: anyHash,
});

export const anyBlock: fc.Arbitrary<Block> = fc.record({
  header: anyHeader,
  operations: fc.array(anySignedOperation, { maxLength: 4 }),
  boundary: maybe(anyBoundary),
  execution: fc.uint8Array({ maxLength: 300 }),
});

export const anyCertificate: fc.Arbitrary<Certificate> = fc.record({
  height: anyUint,
  round: anyUint,
  blockHash: anyHash,
  signatures: fc
    .tuple(anyAscendingAddresses(5), anySignature)
    .map(([all, signature]) => all.map((authority) => ({ authority, signature }))),
});

export const anyFinalBlock: fc.Arbitrary<FinalBlock> = fc.record({ block: anyBlock, certificate: anyCertificate });

export const anyProposal: fc.Arbitrary<Proposal> = fc.record({
  height: anyUint,
  round: anyUint,
  validRound: maybe(anyUint),
  block: anyBlock,
  authority: anyAddress,
  signature: anySignature,
});

export const anyMessage: fc.Arbitrary<ConsensusMessage> = fc.oneof(
  fc.record({ kind: fc.constant('proposal' as const), proposal: anyProposal }),
  fc.record({ kind: fc.constant('vote' as const), vote: anyVote }),
);

export const anyOpening: fc.Arbitrary<Opening> = fc.record({
  segment: anyUint,
  startState: anyHash,
  endState: anyHash,
  startPath: fc.array(anyHash, { maxLength: 5 }),
  endPath: fc.array(anyHash, { maxLength: 5 }),
});
