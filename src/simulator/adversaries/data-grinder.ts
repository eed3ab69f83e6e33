import type { TrainerDuty } from '../../chain/duties/trainer.ts';
import { slotOf } from '../../data/batches.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import type { Signer } from '../../primitives/keys.ts';
import type { Behaviour } from '../adversary.ts';

/** Addresses tried. */
const TRIES = 64;
/** It waits until the network trains: in the first round whoever waits is taken. */
const JOINS_IN_ROUND = 1;

/**
 * Wants the first slot, and with it data of its choice: of many addresses it joins with one that would be first among the
 * trainers by the newest beacon it knows.
 */
export const dataGrinder: Behaviour = {
  corrupt({ state, signerNamed, trainerFor, note, memory }) {
    let duty: TrainerDuty | undefined;
    const start = (signer: Signer) => {
      memory.set('signer', signer);
      duty = trainerFor(signer);
    };
    const known = memory.get('signer') as Signer | undefined;
    let begun = known !== undefined;
    return {
      withoutTrainerDuty: true,
      onBlock() {
        const { open, beacon } = state();
        if (known !== undefined && duty === undefined) start(known);
        if (!begun && open.number >= JOINS_IN_ROUND) {
          begun = true;
          const rest = open.roster;
          const candidates = Array.from({ length: TRIES }, (_, i) => signerNamed(`ground ${i}`));
          const first = candidates.find(({ address }) => slotOf(beacon, [...rest, address], address) === 0);
          start(first ?? (candidates[0] as Signer));
        }
        duty?.tick();
        const mine = (memory.get('signer') as Signer | undefined)?.address;
        if (mine === undefined || state().height !== open.openedAt || !open.roster.some((member) => equalBytes(member, mine))) return;
        note('rounds with a ground address', 1);
        note('first slots got', slotOf(open.beacon, open.roster, mine) === 0 ? 1 : 0);
        note('first slots by chance', 1 / open.roster.length);
      },
    };
  },
};
