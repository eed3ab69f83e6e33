import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ServedModel } from '../chain/view.ts';
import { inferenceError } from '../inference/errors.ts';
import type { HeldModel } from '../learning/types.ts';
import { fromHex, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { hasSystemCode } from '../store/errors.ts';

/** Models that have answered, kept for a while after the learning engine has dropped them, so that their answers can be computed again. */
export interface ServedModels {
  /** Puts a held model among the kept ones, at the cost of a name: files are linked where the disk can. */
  keep(held: HeldModel, round: number): Promise<ServedModel>;
  /** Undefined when it is not kept any more, or never answered. */
  find(modelRoot: Hash): Promise<ServedModel | undefined>;
}

const factsSchema = z.object({ round: z.number(), weights_root: z.string(), momentum_root: z.string() });

/** @param options.kept the most models; of those beyond, the ones that answered longest ago are deleted */
export function createServedModels(options: { readonly directory: string; readonly kept: number }): ServedModels {
  const { directory, kept } = options;
  const pathsFor = (root: Hash) => {
    const name = toHex(root).slice(2);
    return { weights: join(directory, `${name}.f32`), facts: join(directory, `${name}.json`) };
  };
  let last: ServedModel | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  async function add(held: HeldModel, round: number): Promise<ServedModel> {
    if (last !== undefined && toHex(last.modelRoot) === toHex(held.modelRoot)) return last;
    const { weights, facts } = pathsFor(held.modelRoot);
    await mkdir(directory, { recursive: true });
    await linkOrCopy(held.weights.path, weights);
    const [weightsRoot, momentumRoot] = [held.weights.root, held.momentum.root];
    await writeFile(facts, JSON.stringify({ round, weights_root: toHex(weightsRoot), momentum_root: toHex(momentumRoot) }));
    const now = new Date();
    await utimes(facts, now, now);
    await dropOldest();
    last = { weightsPath: weights, modelRoot: held.modelRoot, weightsRoot, momentumRoot, round };
    return last;
  }

  async function dropOldest(): Promise<void> {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.json'));
    const aged = await Promise.all(names.map(async (name) => ({ name, time: (await stat(join(directory, name))).mtimeMs })));
    aged.sort((a, b) => b.time - a.time);
    for (const { name } of aged.slice(kept)) {
      // The weights go last: facts without them would promise what is not there.
      await rm(join(directory, name), { force: true });
      await rm(join(directory, name.replace(/json$/, 'f32')), { force: true });
    }
  }

  return {
    keep(held, round) {
      const result = tail.then(() => add(held, round));
      tail = result.catch(() => {});
      return result;
    },
    async find(modelRoot) {
      const { weights, facts } = pathsFor(modelRoot);
      try {
        const document = factsSchema.parse(JSON.parse(await readFile(facts, 'utf8')));
        return {
          weightsPath: weights,
          modelRoot,
          round: document.round,
          weightsRoot: fromHex(document.weights_root, 32),
          momentumRoot: fromHex(document.momentum_root, 32),
        };
      } catch (error) {
        if (hasSystemCode(error, 'ENOENT')) return undefined;
        throw error;
      }
    },
  };
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return;
    if (hasSystemCode(error, 'ENOENT')) {
      throw inferenceError('INFERENCE_WEIGHTS_GONE', 'the model was replaced by a newer one: ask again', { cause: error });
    }
    // Another file system: copied aside, so that the name always stands for the whole.
    await copyFile(from, `${to}.part`);
    await rename(`${to}.part`, to);
  }
}
