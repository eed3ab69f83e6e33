import type { Command } from 'commander';
import { countArgument } from '../arguments.ts';
import type { EvalFlags } from '../eval/eval.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';
import { bytesArgument } from '../train/arguments.ts';

export function registerEval(program: Command, io: Io): void {
  const command = program
    .command('eval')
    .description('Measure a trained model: loss, perplexity and accuracy on held-out text, and tokens a second.')
    .requiredOption('--model <DIR>', 'folder of a run, as "pol-node train --out" made it; it may be training meanwhile')
    .option('--data <SOURCE>', 'another text, all of it: a file, a folder, or npm:PACKAGE (default: the run’s own held-out part)')
    .option('--sequences <N>', 'measure only the first so many', countArgument(1))
    .option('--threads <N>', 'threads of the arithmetic (default: all processors)', countArgument(1))
    .option('--backend <NAME>', 'auto, native, wasm, reference, or a native variant by name: all give the same bits', 'auto')
    .option('--memory <SIZE>', 'most memory for weights and activations, such as 4G (default: 80 % of what is free)', bytesArgument)
    .option('--dataset-cache <DIR>', 'where tokenised text is kept (default: tokens/ in the run’s folder)')
    .option('--json', 'print JSON')
    .action(async (flags: EvalFlags) => {
      const { evaluate } = await import('../eval/eval.ts');
      await evaluate(flags, io);
    });
  examples(command, [
    ['pol-node eval --model runs/first', 'on the text it was not trained on'],
    ['pol-node eval --model runs/first --data other.txt --sequences 200', 'on another text'],
    ['pol-node eval --model runs/first --backend wasm --json', 'the same bits from other arithmetic'],
    ['pol-node eval --model runs/big --threads 1 --memory 2G --dataset-cache tokens', 'beside other work'],
  ]);
}
