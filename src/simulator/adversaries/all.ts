import type { Adversary, Behaviour } from '../adversary.ts';
import type { AdversaryKind } from '../adversary-kinds.ts';
import { copier } from './copier.ts';
import { dataGrinder } from './data-grinder.ts';
import { doubleVoter } from './double-voter.ts';
import { equivocator } from './equivocator.ts';
import { falseAccuser } from './false-accuser.ts';
import { flooder } from './flooder.ts';
import { interpolator } from './interpolator.ts';
import { lazyAuthority } from './lazy-authority.ts';
import { preimageWithholder } from './preimage-withholder.ts';
import { replayer } from './replayer.ts';
import { selectiveServer } from './selective-server.ts';
import { silentAuthority } from './silent-authority.ts';
import { stateWithholder } from './state-withholder.ts';
import { sybil } from './sybil.ts';
import { wrongData } from './wrong-data.ts';

/** What each kind does; a new one is a file beside this, a line here and one in adversary-kinds.ts. */
const BEHAVIOURS: Readonly<Record<AdversaryKind, Behaviour>> = {
  interpolator,
  'wrong-data': wrongData,
  copier,
  replayer,
  sybil,
  'data-grinder': dataGrinder,
  'state-withholder': stateWithholder,
  'selective-server': selectiveServer,
  flooder,
  'lazy-authority': lazyAuthority,
  'false-accuser': falseAccuser,
  'preimage-withholder': preimageWithholder,
  equivocator,
  'double-voter': doubleVoter,
  silent: silentAuthority,
};

export function adversaryOf(kind: AdversaryKind): Adversary {
  return { kind, ...BEHAVIOURS[kind] };
}
