import { authorities } from '../../rest/authorities.ts';
import type { RpcMethod } from '../handler.ts';

/** The authority set, votes for its change, and changes that are due. */
export const polGetAuthorities: RpcMethod = {
  name: 'pol_getAuthorities',
  call: (_, { view }) => authorities(view),
};
