import type { Command } from 'commander';
import { countArgument, listArgument, positiveNumberArgument } from '../arguments.ts';
import type { BenchFlags } from '../bench/bench.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';
import { parametersArgument } from '../train/arguments.ts';

const DEFAULT_SECONDS = 1;

export function registerBench(program: Command, io: Io): void {
  const command = program
    .command('bench')
    .description(
      'Measure this machine: matrix products and training, with each backend and number of threads, against the best product found.',
    )
    .option('--model-size <N>', 'parameters of the model trained (default: 1.3 million)', parametersArgument)
    .option('--vocab-size <N>', 'tokens the model knows (default: by its size)', countArgument(256))
    .option('--context-length <N>', 'tokens the model sees (default: by its size)', countArgument(1))
    .option('--batch-size <N>', 'sequences in a step (default: 16)', countArgument(1))
    .option('--backend <NAMES>', 'only these, with commas between (default: all but reference)', listArgument)
    .option('--threads <COUNTS>', 'only these, with commas between (default: 1, 2, 4 … and all processors)', listArgument)
    .option('--seconds <S>', 'for each measurement, two a line', positiveNumberArgument, DEFAULT_SECONDS)
    .option('--json', 'print JSON')
    .action(async (flags: BenchFlags) => {
      const { bench } = await import('../bench/bench.ts');
      await bench(flags, io);
    });
  examples(command, [
    ['pol-node bench', 'everything this machine can run'],
    ['pol-node bench --model-size 10M --backend native-avx2,wasm', 'two backends, a larger model'],
    ['pol-node bench --threads 1,2 --seconds 5 --json', 'longer and for a program'],
    ['pol-node bench --vocab-size 8192 --context-length 512 --batch-size 8', 'another shape'],
  ]);
}
