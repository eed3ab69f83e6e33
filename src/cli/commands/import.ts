import type { Command } from 'commander';
import { countArgument } from '../arguments.ts';
import type { ImportFlags } from '../checkpoint/import.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';

export function registerImport(program: Command, io: Io): void {
  const command = program
    .command('import')
    .description('Take over a Llama-shaped model of another program: a Hugging Face folder, or a GGUF file (f32, f16, bf16, q8_0).')
    .argument('<SOURCE>', 'folder with config.json and .safetensors, or a .gguf file')
    .requiredOption('--output <DIR>', 'folder of the model to write')
    .option('--tokenizer <DIR>', 'folder with a tokenizer.json to use instead of the checkpoint’s own')
    .option('--context-length <N>', 'tokens the model shall see, fewer than the checkpoint says', countArgument(1))
    .option('--force', 'overwrite what is there')
    .action(async (source: string, flags: ImportFlags) => {
      const { importModel } = await import('../checkpoint/import.ts');
      await importModel(source, flags, io);
    });
  examples(command, [
    ['pol-node import SmolLM-135M --output models/smol', 'a folder as Hugging Face serves it'],
    ['pol-node import book.gguf --output models/book --force', 'a file of llama.cpp'],
    ['pol-node import SmolLM-135M --output models/smol --context-length 512 --tokenizer other', 'on shorter text'],
  ]);
}
