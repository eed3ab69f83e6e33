import type { Clock } from '../primitives/clock.ts';

export interface TokenBucket {
  /** True when `tokens` were there and are taken. */
  take(tokens?: number): boolean;
  /** Takes what there is of `tokens`. */
  drain(tokens: number): void;
  /** Takes all of `tokens`, and owes what is not there, up to a burst. */
  owe(tokens: number): void;
  /** Until one token is there, if nobody takes any; 0 when it is. */
  waitMs(): number;
}

/** Allows `perSecond` on average and `burst` at once. */
export function createTokenBucket(rate: { readonly perSecond: number; readonly burst: number }, clock: Clock): TokenBucket {
  let tokens = rate.burst;
  let at = clock.now();

  function refill(): void {
    const now = clock.now();
    // A clock set back must not take tokens away.
    tokens = Math.min(rate.burst, tokens + (Math.max(0, now - at) * rate.perSecond) / 1000);
    at = now;
  }

  return {
    take(wanted = 1) {
      refill();
      if (tokens < wanted) return false;
      tokens -= wanted;
      return true;
    },
    drain(wanted) {
      refill();
      tokens = Math.max(0, tokens - wanted);
    },
    owe(wanted) {
      refill();
      tokens = Math.max(-rate.burst, tokens - wanted);
    },
    waitMs() {
      refill();
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1000) / rate.perSecond);
    },
  };
}
