import type { Adversary, Behaviour } from '../adversary.ts';
import type { AdversaryKind } from '../adversary-kinds.ts';
import { pathForger, selectiveServer, slowServer, stateWithholder } from './bad-servers.ts';
import { copier } from './copier.ts';
import { dataGrinder } from './data-grinder.ts';
import { doubleProver } from './double-prover.ts';
import { doubleVoter } from './double-voter.ts';
import { equivocator } from './equivocator.ts';
import { falseAccuser } from './false-accuser.ts';
import { lateCommitter, preimageWithholder, silentAuthority, voteCopier, voteRefuser } from './false-votes.ts';
import { bitFlip, foreignProver, momentCrafter, slowLearner, updateCopier, updateForger, weightJumper, wrongData } from './false-work.ts';
import { flooder } from './flooder.ts';
import { interpolator, leastForger } from './interpolator.ts';
import { lazyAuthority } from './lazy-authority.ts';
import { proofFlooder } from './proof-flooder.ts';
import { replayer } from './replayer.ts';
import { rootCopier } from './root-copier.ts';
import { selfChecker } from './self-checker.ts';
import { sybil } from './sybil.ts';

/** What each kind does; a new one is a file beside this or an export of one, a line here and one in adversary-kinds.ts. */
const BEHAVIOURS: Readonly<Record<AdversaryKind, Behaviour>> = {
  interpolator,
  'least-forger': leastForger,
  'wrong-data': wrongData,
  'slow-learner': slowLearner,
  'moment-crafter': momentCrafter,
  'weight-jumper': weightJumper,
  'update-forger': updateForger,
  'update-copier': updateCopier,
  'bit-flip': bitFlip,
  'self-checker': selfChecker,
  copier,
  'root-copier': rootCopier,
  replayer,
  'foreign-prover': foreignProver,
  'double-prover': doubleProver,
  sybil,
  'data-grinder': dataGrinder,
  'state-withholder': stateWithholder,
  'selective-server': selectiveServer,
  'path-forger': pathForger,
  'slow-server': slowServer,
  flooder,
  'proof-flooder': proofFlooder,
  'lazy-authority': lazyAuthority,
  'false-accuser': falseAccuser,
  'vote-copier': voteCopier,
  'vote-refuser': voteRefuser,
  'late-committer': lateCommitter,
  'preimage-withholder': preimageWithholder,
  equivocator,
  'double-voter': doubleVoter,
  silent: silentAuthority,
};

export function adversaryOf(kind: AdversaryKind): Adversary {
  return { kind, ...BEHAVIOURS[kind] };
}
