import { errorDomain } from '../primitives/errors.ts';

export const syncError = errorDomain({
  SYNC_WRONG_BYTES: { explanation: 'A peer answered with other bytes than the ones asked for.' },
  SYNC_SET_UNKNOWN: { explanation: 'The authority set that decides on the next header is not held: the data directory lacks a part.' },
});
