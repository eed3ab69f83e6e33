import { InvalidArgumentError } from 'commander';
import { nearest } from '../../params/nearest.ts';
import { ADVERSARY_KINDS, type AdversaryKind, isAdversaryKind } from '../../simulator/adversary-kinds.ts';
import { FAULT_KINDS, type FaultKind } from '../../simulator/faults.ts';

export interface SimulateFlags {
  readonly survival?: boolean;
  /** All nodes; the rest are followers. */
  readonly nodes?: number;
  readonly authorities: number;
  readonly trainers: number;
  readonly adversary?: readonly AdversaryKind[];
  readonly seeds?: SeedRange;
  readonly seed?: number;
  readonly rounds: number;
  readonly faults?: readonly FaultKind[];
  readonly trouble: number;
  readonly checks: number;
  readonly segments: number;
  readonly segmentPrice: number;
  readonly threads?: number;
  readonly output?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** First and last, both run. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

/** "1000" is 1..1000. */
export function seedsArgument(text: string): SeedRange {
  const match = /^(?:(\d+)\.\.)?(\d+)$/.exec(text);
  const [first, last] = [Number(match?.[1] ?? 1), Number(match?.[2])];
  if (match === null || first > last || !Number.isSafeInteger(last)) {
    throw new InvalidArgumentError('Write a number of seeds such as 1000, or a range such as 500..599.');
  }
  return { first, last };
}

/** KIND[=COUNT], collected over repetitions: one entry for each faulty node. */
export function adversaryArgument(text: string, earlier: readonly AdversaryKind[] = []): AdversaryKind[] {
  const [kind = '', amount = '1', ...rest] = text.split('=');
  if (!isAdversaryKind(kind)) {
    const kinds = Object.keys(ADVERSARY_KINDS);
    const guess = nearest(kind, kinds);
    throw new InvalidArgumentError(guess === undefined ? `Known are ${kinds.join(', ')}.` : `Did you mean ${guess}?`);
  }
  if (rest.length > 0 || !/^[1-9]\d{0,3}$/.test(amount))
    throw new InvalidArgumentError('Write KIND or KIND=COUNT, for example interpolator=2.');
  return [...earlier, ...Array.from({ length: Number(amount) }, () => kind)];
}

/** none, all, or kinds with commas between. */
export function faultsArgument(text: string): readonly FaultKind[] {
  if (text === 'none') return [];
  if (text === 'all') return FAULT_KINDS;
  const kinds = text.split(',').map((part) => part.trim());
  const wrong = kinds.find((kind) => !FAULT_KINDS.includes(kind as FaultKind));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none of none, all, ${FAULT_KINDS.join(', ')}.`);
  return kinds as FaultKind[];
}
