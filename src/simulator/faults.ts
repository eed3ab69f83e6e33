import type { LinkQuality } from './network-model.ts';
import type { Random } from './random.ts';

/** Something that goes wrong, or right again, in so many milliseconds. */
export type Fault =
  | { readonly atMs: number; readonly type: 'crash'; readonly node: number }
  | { readonly atMs: number; readonly type: 'restart'; readonly node: number }
  | { readonly atMs: number; readonly type: 'partition'; readonly groups: readonly (readonly number[])[] }
  | { readonly atMs: number; readonly type: 'heal' }
  | { readonly atMs: number; readonly type: 'quality'; readonly quality: LinkQuality };

/** Kinds of trouble: late and reordered messages, lost and doubled ones, cut links, crashes that tear what was being written, clocks that are wrong. */
export const FAULT_KINDS = ['delay', 'loss', 'partition', 'crash', 'skew'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
export const ALL_FAULTS: ReadonlySet<FaultKind> = new Set(FAULT_KINDS);

export const GOOD_LINKS: LinkQuality = { minDelayMs: 5, maxDelayMs: 80, loss: 0, duplication: 0 };

const MOST_LOSS = 0.4;
const MOST_SKEW_MS = 3_000;
/** Cuts and crashes are drawn for each so many milliseconds of trouble. */
const SPELL_MS = 6_000;

export interface TroubleOptions {
  /** Nodes 0 … nodes−1 suffer; the rest, such as adversaries, have lines and machines of their own. */
  readonly nodes: number;
  readonly healAtMs: number;
  readonly kinds: ReadonlySet<FaultKind>;
}

/**
 * Random trouble until `healAtMs`, from when on all nodes run, all hear each other and nothing is lost: the paper's global
 * stabilisation time. Any number of nodes may be down at once: a crash is no Byzantine fault.
 */
export function randomFaults(random: Random, { nodes, healAtMs, kinds }: TroubleOptions): readonly Fault[] {
  const all = Array.from({ length: nodes }, (_, i) => i);
  const faults: Fault[] = [{ atMs: 0, type: 'quality', quality: random.chance(0.8) ? badLinks(random, kinds) : GOOD_LINKS }];
  const until = (atMs: number, low: number, high: number) => Math.min(healAtMs, atMs + random.between(low, high));
  for (let spell = 0; spell < healAtMs; spell += SPELL_MS) {
    const someTime = () => random.between(spell, Math.min(healAtMs, spell + SPELL_MS));
    if (kinds.has('partition')) {
      for (let i = random.integer(4); i > 0; i--) {
        const atMs = someTime();
        const order = random.shuffle(all);
        const cut = 1 + random.integer(nodes);
        faults.push({ atMs, type: 'partition', groups: [order.slice(0, cut), order.slice(cut)] });
        faults.push({ atMs: until(atMs, 200, 6_000), type: 'heal' });
      }
      // Some are cut off for a moment again and again: one step of a round arrives, the next does not.
      for (let i = random.chance(0.7) ? random.integer(50) : 0; i > 0; i--) {
        const atMs = someTime();
        const order = random.shuffle(all);
        const cut = 1 + random.integer(Math.ceil(nodes / 3));
        faults.push({ atMs, type: 'partition', groups: [...order.slice(0, cut).map((node) => [node]), order.slice(cut)] });
        faults.push({ atMs: until(atMs, 30, 600), type: 'heal' });
      }
    }
    if (kinds.has('crash')) {
      for (let i = random.integer(2 * nodes); i > 0; i--) {
        const atMs = someTime();
        const node = random.integer(nodes);
        faults.push({ atMs, type: 'crash', node }, { atMs: until(atMs, 10, 4_000), type: 'restart', node });
      }
    }
  }
  faults.push({ atMs: healAtMs, type: 'heal' }, { atMs: healAtMs, type: 'quality', quality: GOOD_LINKS });
  for (const node of all) faults.push({ atMs: healAtMs, type: 'restart', node });
  return faults;
}

function badLinks(random: Random, kinds: ReadonlySet<FaultKind>): LinkQuality {
  return {
    minDelayMs: GOOD_LINKS.minDelayMs,
    maxDelayMs: kinds.has('delay') ? random.between(50, 600) : GOOD_LINKS.maxDelayMs,
    loss: kinds.has('loss') ? random.between(0, MOST_LOSS) : 0,
    duplication: kinds.has('loss') ? 0.1 : 0,
  };
}

/** How wrong each node's clock is, for good: well within what the rules allow (chain/limits.ts, MAX_CLOCK_DRIFT_S). */
export function randomSkew(random: Random, { nodes, kinds }: Pick<TroubleOptions, 'nodes' | 'kinds'>): readonly number[] {
  return Array.from({ length: nodes }, () => (kinds.has('skew') ? Math.round(random.between(-MOST_SKEW_MS, MOST_SKEW_MS)) : 0));
}
