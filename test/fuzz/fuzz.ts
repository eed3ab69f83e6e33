import { equalBytes, toHex } from '../../src/primitives/bytes.ts';
import { messageOf } from '../../src/primitives/errors.ts';
import type { Coverage } from './coverage.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateRlp } from './mutate-rlp.ts';
import type { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';
import { createWorkClock } from './work-clock.ts';

/** Inputs between two looks at the coverage: a look costs as much as some hundred small inputs. */
const BATCH_INPUTS = 128;
const MAX_INPUT_BYTES = 64 * 1024;
const MAX_CHANGES = 4;

export interface FuzzReport {
  readonly inputs: number;
  /** Inputs kept because they reached something new. */
  readonly corpus: number;
  /** Whether a decoder took the input, summed over inputs. */
  readonly accepted: number;
  /** The longest that the thread worked on one input, ms. */
  readonly slowestMs: number;
}

/** An input that broke a rule of target.ts. */
export class FuzzFailure extends Error {
  constructor(why: string, input: Uint8Array, cause?: unknown) {
    super(`${why}\ninput: ${toHex(input)}`, cause === undefined ? undefined : { cause });
  }
}

/** Runs one input. @returns how many decoders took it @throws FuzzFailure */
export async function runInput(target: FuzzTarget, input: Uint8Array): Promise<number> {
  const given = input.slice();
  let encodings: readonly Uint8Array[];
  try {
    encodings = await target.run(input);
  } catch (error) {
    throw new FuzzFailure(`not a typed error: ${messageOf(error)}`, given, error);
  }
  if (!equalBytes(input, given)) throw new FuzzFailure('the decoder changed its input', given);
  for (const encoding of encodings) {
    if (!equalBytes(encoding, given)) throw new FuzzFailure(`accepted what is encoded as ${toHex(encoding)}`, given);
  }
  return encodings.length;
}

/**
 * Changes inputs at random and runs them until `goesOn` says no. With coverage, inputs that reach new blocks of the sources are kept
 * and changed further; a batch that found more is run again one by one to see which did.
 * @param limitMs work on one input
 * @throws FuzzFailure at the first input that breaks a rule
 */
export async function fuzz(
  target: FuzzTarget,
  options: {
    readonly random: Random;
    readonly coverage?: Coverage;
    readonly limitMs: number;
    readonly goesOn: (inputs: number) => boolean;
  },
): Promise<FuzzReport> {
  const { random, coverage, limitMs, goesOn } = options;
  const now = createWorkClock();
  const corpus = [...target.seeds];
  const report = { inputs: 0, corpus: corpus.length, accepted: 0, slowestMs: 0 };

  async function run(input: Uint8Array): Promise<void> {
    const startedAt = now();
    report.accepted += await runInput(target, input);
    const took = now() - startedAt;
    report.slowestMs = Math.max(report.slowestMs, took);
    report.inputs++;
    if (took > limitMs) throw new FuzzFailure(`took ${took.toFixed(0)} ms`, input);
  }

  for (const seed of target.seeds) await run(seed);
  await coverage?.foundMore();
  while (goesOn(report.inputs)) {
    const batch = Array.from({ length: BATCH_INPUTS }, () => nextInput(target, corpus, random));
    for (const input of batch) await run(input);
    if (!(await coverage?.foundMore())) continue;
    // Counts add up over a batch: what alone reaches nothing new was new in number only.
    for (const input of batch) {
      await run(input);
      if (await coverage?.foundMore()) corpus.push(input);
    }
    report.corpus = corpus.length;
  }
  return report;
}

function nextInput(target: FuzzTarget, corpus: readonly Uint8Array[], random: Random): Uint8Array {
  let input = random.pick(corpus);
  const changes = 1 + random.below(MAX_CHANGES);
  for (let i = 0; i < changes; i++) {
    const other = random.pick(corpus);
    const isTree = target.form !== 'bytes' && random.below(3) > 0;
    const changed = isTree ? (target.form === 'rlp' ? mutateRlp : mutateJson)(input, other, random) : undefined;
    input = changed ?? mutateBytes(input, other, random);
  }
  return input.length > MAX_INPUT_BYTES ? input.slice(0, MAX_INPUT_BYTES) : input;
}
