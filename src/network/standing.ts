import type { Clock } from '../primitives/clock.ts';
import { MAX_STANDINGS, PENALTY_HALF_LIFE_MS, REFUSAL_MS, REFUSAL_POINTS } from './limits.ts';

/** What each peer did wrong, fading with time, and who is refused for now. */
export interface Standing {
  /** Adds points; true when this made the peer refused. */
  penalise(peer: string, points: number): boolean;
  /** Refuses a peer without points: it is no offender, just of no use. */
  refuse(peer: string, durationMs: number): void;
  isRefused(peer: string): boolean;
  /** Points left now, at least 0. */
  points(peer: string): number;
}

interface Record {
  points: number;
  at: number;
  refusedUntil: number;
}

export function createStanding(clock: Clock): Standing {
  const records = new Map<string, Record>();

  function decayed(record: Record, now: number): number {
    return record.points * 0.5 ** (Math.max(0, now - record.at) / PENALTY_HALF_LIFE_MS);
  }

  function recordOf(peer: string): Record {
    let record = records.get(peer);
    if (record === undefined) {
      if (records.size >= MAX_STANDINGS) forgetMildest();
      record = { points: 0, at: clock.now(), refusedUntil: 0 };
      records.set(peer, record);
    }
    return record;
  }

  /** Identities are free to make, so the table must not grow with them. */
  function forgetMildest(): void {
    const now = clock.now();
    let mildest: string | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [peer, record] of records) {
      const weight = decayed(record, now) + (record.refusedUntil > now ? REFUSAL_POINTS : 0);
      if (weight < least) {
        least = weight;
        mildest = peer;
      }
    }
    if (mildest !== undefined) records.delete(mildest);
  }

  return {
    penalise(peer, points) {
      const now = clock.now();
      const record = recordOf(peer);
      record.points = decayed(record, now) + points;
      record.at = now;
      if (record.points < REFUSAL_POINTS || record.refusedUntil > now) return false;
      record.refusedUntil = now + REFUSAL_MS;
      return true;
    },
    refuse(peer, durationMs) {
      const record = recordOf(peer);
      record.refusedUntil = Math.max(record.refusedUntil, clock.now() + durationMs);
    },
    isRefused: (peer) => (records.get(peer)?.refusedUntil ?? 0) > clock.now(),
    points(peer) {
      const record = records.get(peer);
      return record === undefined ? 0 : decayed(record, clock.now());
    },
  };
}
