import type { Behaviour } from '../adversary.ts';

/** Calls every segment that it is dealt fraudulent. */
export const falseAccuser: Behaviour = {
  corrupt: () => ({
    learning: (honest) => ({
      ...honest,
      async check(proof, assignment, segments, source) {
        const found = await honest.check(proof, assignment, segments, source);
        return found.map(({ segment, ...rest }) => {
          const stepDigests = 'stepDigests' in rest ? rest.stepDigests : [];
          return { segment, result: 'fraud' as const, fault: 'state' as const, stepDigests };
        });
      },
    }),
  }),
};
