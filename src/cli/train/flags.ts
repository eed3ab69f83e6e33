import { type Command, Option } from 'commander';
import type { Rhythm } from '../../learning/single/train-loop.ts';
import { DEFAULT_DATA_SOURCE, DEFAULT_LEARNING } from '../../params/network-defaults.ts';
import { countArgument, numberArgument, positiveNumberArgument } from '../arguments.ts';
import { bytesArgument, parametersArgument, saveEveryArgument } from './arguments.ts';

const DEFAULT_EVAL_EVERY_STEPS = 200;
const DEFAULT_SAVE_EVERY = '5m';

/** What decides how much memory training takes. */
export interface ModelFlags {
  readonly modelSize?: number;
  readonly vocabSize?: number;
  readonly contextLength?: number;
  readonly batchSize?: number;
  readonly microBatch?: number;
  readonly checkpointing: 'auto' | 'on' | 'off';
  readonly memory?: number;
}

export interface TrainFlags extends ModelFlags {
  readonly out: string;
  readonly data?: string;
  readonly heldOutPercent?: number;
  readonly tokenizer?: string;
  readonly steps?: number;
  readonly learningRate?: number;
  readonly warmup?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly backend: string;
  readonly evalEvery: number;
  readonly saveEvery: Rhythm['saveEvery'];
  readonly datasetCache?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** The flags of ModelFlags: `train` has them, and `doctor` to predict. */
export function withModelFlags(command: Command, sizeMeaning: string): Command {
  return command
    .option('--model-size <N>', `parameters of the model, such as 1300000 or 10M (${sizeMeaning})`, parametersArgument)
    .option('--vocab-size <N>', 'tokens the model knows (default: by the model’s size)', countArgument(256))
    .option('--context-length <N>', 'tokens the model sees (default: by the model’s size)', countArgument(1))
    .option('--batch-size <N>', `sequences in a step (default: ${DEFAULT_LEARNING.batch_size})`, countArgument(1))
    .option('--micro-batch <N>', 'sequences computed at once; gradients accumulate over the batch (default: what fits)', countArgument(1))
    .addOption(
      new Option('--checkpointing <MODE>', 'compute activations again instead of keeping them: less memory, a third more work')
        .choices(['auto', 'on', 'off'])
        .default('auto'),
    )
    .option(
      '--memory <SIZE>',
      'most memory for weights, optimizer and activations, such as 4G (default: 80 % of what is free)',
      bytesArgument,
    );
}

export function withTrainFlags(command: Command): Command {
  command
    .requiredOption('--out <DIR>', 'folder of the run: its description and its checkpoints')
    .option(
      '--data <SOURCE>',
      `text to learn: a file, a folder, npm:PACKAGE, an address, hf://datasets/NAME, or mix:… (default: ${DEFAULT_DATA_SOURCE})`,
    )
    .option(
      '--held-out-percent <N>',
      'hold out whole documents, this share by the hash of their text (default: the text’s end)',
      numberArgument(0.001, 50),
    )
    .option('--tokenizer <WHICH>', 'gpt2; bpe: learned from the text; or a folder with a tokenizer.json (default: gpt2)');
  return withModelFlags(command, 'default: chosen from this machine’s speed and memory and the text’s length')
    .option('--steps <N>', 'steps in all (default: 20 tokens a parameter, at most four passes over the text)', countArgument(1))
    .option('--learning-rate <RATE>', 'peak learning rate (default: by the model’s width, at most 0.002)', positiveNumberArgument)
    .option('--warmup <N>', `steps until the peak (default: ${DEFAULT_LEARNING.warmup_steps}, at most a tenth of all)`, countArgument(0))
    .option('--seed <N>', 'of the initial weights and the order of the text (default: 0)', countArgument(0))
    .option('--threads <N>', 'threads of the arithmetic (default: all processors)', countArgument(1))
    .option('--backend <NAME>', 'auto, native, wasm, reference, or a native variant by name: all give the same bits', 'auto')
    .option('--eval-every <N>', 'measure on held-out text after so many steps', countArgument(1), DEFAULT_EVAL_EVERY_STEPS)
    .addOption(
      new Option('--save-every <N>', 'save after so many steps, or minutes as in 10m')
        .argParser(saveEveryArgument)
        .default(saveEveryArgument(DEFAULT_SAVE_EVERY), DEFAULT_SAVE_EVERY),
    )
    .option('--dataset-cache <DIR>', 'where tokenised text is kept, to share it between runs (default: tokens/ in the run’s folder)')
    .option('--resume', 'go on with the run in the folder, and fail when there is none')
    .option('--json', 'print one JSON object a line instead of text');
}
