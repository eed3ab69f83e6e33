import { type Command, Option } from 'commander';
import { TENSOR_TYPES } from '../../model/formats/encoding.ts';
import type { ExportFlags } from '../checkpoint/export.ts';
import type { Io } from '../io.ts';
import { examples, withNodeAddress } from '../options.ts';

export function registerExport(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('export'))
    .description('Write a model for other programs: a Hugging Face folder (transformers, vLLM) or a GGUF file (llama.cpp, Ollama).')
    .option(
      '--model <DIR>',
      'folder of a run ("pol-node train --out"), of an imported model, or data directory of a network’s node: its settled model (default: that of a running node)',
    )
    .requiredOption('--output <PATH>', 'folder (hf) or file (gguf) to write')
    .addOption(new Option('--format <FORMAT>', 'hf: a folder; gguf: a file').choices(['hf', 'gguf']).default('hf'))
    .addOption(new Option('--type <TYPE>', 'how weights are stored; q8_0 is gguf’s').choices([...TENSOR_TYPES]).default('f32'))
    .option('--name <NAME>', 'name in the file (default: the folder’s)')
    .option('--force', 'overwrite what is there')
    .action(async (flags: ExportFlags) => {
      const { exportModel } = await import('../checkpoint/export.ts');
      await exportModel(flags, io);
    });
  examples(command, [
    ['pol-node export --model runs/book --output book-hf', 'a folder for transformers, with every bit'],
    ['pol-node export --output settled', 'what the node on this machine has settled on, with its lineage in the chain'],
    ['pol-node export --url http://node.example:8080 --output settled', 'the same from a node elsewhere: hashes are checked'],
    ['pol-node export --model data/node_3 --output settled', 'from a node’s data directory; with the lineage when the node is stopped'],
    ['pol-node export --model runs/book --format gguf --type bf16 --output book.gguf', 'a file for llama.cpp'],
    ['pol-node export --model runs/book --format gguf --type q8_0 --name Book --output book.gguf --force', 'a quarter of the size'],
  ]);
}
