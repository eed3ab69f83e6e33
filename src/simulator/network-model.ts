import type { Random } from './random.ts';

/** How messages fare between two nodes. */
export interface LinkQuality {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly loss: number;
  readonly duplication: number;
}

/** Decides when each copy of a message arrives. Delays differ from message to message, so that order is not kept. */
export interface NetworkModel {
  /** Delays (ms) of the copies that arrive; none when the message is lost. */
  deliveries(from: number, to: number): readonly number[];
  /** Nodes of different groups do not hear each other; a node in no group, such as an adversary with lines of its own, hears all. */
  partition(groups: readonly (readonly number[])[]): void;
  heal(): void;
  setQuality(quality: LinkQuality): void;
}

export function createNetworkModel(initial: LinkQuality, random: Random): NetworkModel {
  let quality = initial;
  let groupOf: ReadonlyMap<number, number> | undefined;
  const delay = () => random.between(quality.minDelayMs, quality.maxDelayMs);
  return {
    deliveries(from, to) {
      // Drawn in any case, so that a partition does not shift what later messages get.
      const [lost, doubled, first, second] = [random.chance(quality.loss), random.chance(quality.duplication), delay(), delay()];
      const [here, there] = [groupOf?.get(from), groupOf?.get(to)];
      if (lost || (here !== undefined && there !== undefined && here !== there)) return [];
      return doubled ? [first, second] : [first];
    },
    partition(groups) {
      groupOf = new Map(groups.flatMap((group, i) => group.map((node) => [node, i] as const)));
    },
    heal() {
      groupOf = undefined;
    },
    setQuality(next) {
      quality = next;
    },
  };
}
