import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';
import { type TrainFlags, withTrainFlags } from '../train/flags.ts';

export function registerTrain(program: Command, io: Io): void {
  const command = withTrainFlags(
    program
      .command('train')
      .description(
        'Train a model on this machine alone. The same command takes up a run that was stopped, or killed, with the same bits as if it had never ended.',
      ),
  ).action(async (flags: TrainFlags) => {
    // Loaded here: the tokenizer and the kernels behind it would slow every other command's start.
    const { train } = await import('../train/train.ts');
    await train(flags, io);
  });
  examples(command, [
    ['pol-node train --out runs/first', 'a model that suits this machine, on the text that comes with the program'],
    ['pol-node train --out runs/book --data book.txt --model-size 3M --steps 5000', 'a text of your own'],
    ['pol-node train --out runs/book', 'go on where it was stopped'],
    ['pol-node train --out runs/wide --data texts/ --vocab-size 8192 --context-length 256 --batch-size 32', 'another shape'],
    ['pol-node train --out runs/fast --learning-rate 0.001 --warmup 50 --seed 7', 'another schedule and start'],
    ['pol-node train --out runs/big --model-size 100M --memory 4G --checkpointing on --micro-batch 1', 'little memory'],
    ['pol-node train --out runs/first --backend wasm --threads 1', 'other arithmetic, the same bits'],
    ['pol-node train --out runs/log --eval-every 100 --save-every 10m --json > log.jsonl', 'for a program to read'],
    ['pol-node train --out runs/two --dataset-cache tokens --resume', 'tokens shared by runs; fail when there is no run'],
  ]);
}
