import type { Adversary } from '../adversary.ts';
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

/** Every adversary there is; a new one is a file beside this and a line here. */
export const ADVERSARIES: readonly Adversary[] = [
  interpolator,
  wrongData,
  copier,
  replayer,
  sybil,
  dataGrinder,
  stateWithholder,
  selectiveServer,
  flooder,
  lazyAuthority,
  falseAccuser,
  preimageWithholder,
  equivocator,
  doubleVoter,
  silentAuthority,
];

export function adversaryNamed(kind: string): Adversary | undefined {
  return ADVERSARIES.find((adversary) => adversary.kind === kind);
}
