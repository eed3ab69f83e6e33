import type { Clock } from '../primitives/clock.ts';

export interface TokenBucket {
  /** True when `tokens` were there and are taken. */
  take(tokens?: number): boolean;
}

/** Allows `perSecond` on average and `burst` at once. */
export function createTokenBucket(rate: { readonly perSecond: number; readonly burst: number }, clock: Clock): TokenBucket {
  let tokens = rate.burst;
  let at = clock.now();
  return {
    take(wanted = 1) {
      const now = clock.now();
      // A clock set back must not take tokens away.
      tokens = Math.min(rate.burst, tokens + (Math.max(0, now - at) * rate.perSecond) / 1000);
      at = now;
      if (tokens < wanted) return false;
      tokens -= wanted;
      return true;
    },
  };
}
