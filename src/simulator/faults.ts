import type { LinkQuality } from './network-model.ts';
import type { Random } from './random.ts';

/** Something that goes wrong, or right again, at a time (ms from the start). */
export type Fault =
  | { readonly atMs: number; readonly type: 'crash'; readonly node: number }
  | { readonly atMs: number; readonly type: 'restart'; readonly node: number }
  | { readonly atMs: number; readonly type: 'partition'; readonly groups: readonly (readonly number[])[] }
  | { readonly atMs: number; readonly type: 'heal' }
  | { readonly atMs: number; readonly type: 'quality'; readonly quality: LinkQuality };

export const GOOD_LINKS: LinkQuality = { minDelayMs: 5, maxDelayMs: 80, loss: 0, duplication: 0 };

const MOST_LOSS = 0.4;

/**
 * Random trouble until `healAtMs`, from when on all nodes run, all hear each other and nothing is lost: the paper's global
 * stabilisation time. Any number of nodes may be down at once: a crash is no Byzantine fault.
 */
export function randomFaults(random: Random, options: { readonly nodes: number; readonly healAtMs: number }): readonly Fault[] {
  const { nodes, healAtMs } = options;
  const all = Array.from({ length: nodes }, (_, i) => i);
  const bad = { minDelayMs: 5, maxDelayMs: random.between(50, 600), loss: random.between(0, MOST_LOSS), duplication: 0.1 };
  const faults: Fault[] = [{ atMs: 0, type: 'quality', quality: random.chance(0.8) ? bad : GOOD_LINKS }];
  for (let i = random.integer(4); i > 0; i--) {
    const atMs = random.between(0, healAtMs);
    const order = random.shuffle(all);
    const cut = 1 + random.integer(nodes);
    faults.push({ atMs, type: 'partition', groups: [order.slice(0, cut), order.slice(cut)] });
    faults.push({ atMs: Math.min(healAtMs, atMs + random.between(200, 6_000)), type: 'heal' });
  }
  // Some are cut off for a moment again and again: one step of a round arrives, the next does not.
  for (let i = random.chance(0.7) ? random.integer(50) : 0; i > 0; i--) {
    const atMs = random.between(0, healAtMs);
    const order = random.shuffle(all);
    const cut = 1 + random.integer(Math.ceil(nodes / 3));
    faults.push({ atMs, type: 'partition', groups: [...order.slice(0, cut).map((node) => [node]), order.slice(cut)] });
    faults.push({ atMs: Math.min(healAtMs, atMs + random.between(30, 600)), type: 'heal' });
  }
  for (let i = random.integer(2 * nodes); i > 0; i--) {
    const atMs = random.between(0, healAtMs);
    const node = random.integer(nodes);
    faults.push({ atMs, type: 'crash', node });
    faults.push({ atMs: Math.min(healAtMs, atMs + random.between(10, 4_000)), type: 'restart', node });
  }
  faults.push({ atMs: healAtMs, type: 'heal' }, { atMs: healAtMs, type: 'quality', quality: GOOD_LINKS });
  for (const node of all) faults.push({ atMs: healAtMs, type: 'restart', node });
  return faults;
}
