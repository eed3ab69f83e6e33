import { errorDomain } from '../primitives/errors.ts';

export const syncError = errorDomain({
  SYNC_WRONG_BYTES: { explanation: 'A peer answered with other bytes than the ones asked for.' },
});
