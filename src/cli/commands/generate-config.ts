import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { loadConfig, PATH_KEYS } from '../../params/load-config.ts';
import { nodeConfigSchema } from '../../params/node-config.ts';
import { type ConfigFlags, configFlags, withConfigFlags } from '../config-flags.ts';
import { writeTextFile } from '../files.ts';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';

interface GenerateConfigOptions extends ConfigFlags {
  readonly output?: string;
  readonly schema?: string;
  readonly force?: boolean;
}

export function registerGenerateConfig(program: Command, io: Io): void {
  const command = withConfigFlags(
    program
      .command('generate-config')
      .description('Write a configuration file for `pol-node run --config-file`.')
      .option('--output <FILE>', 'file to write; without it, the configuration is printed')
      .option('--schema <FILE>', 'also write the JSON schema that editors check and complete the file with')
      .option('--force', 'overwrite existing files'),
  ).action((options: GenerateConfigOptions, self: Command) => {
    const overwrite = options.force === true;
    const document = configDocument(self, options.schema);
    if (options.schema !== undefined) {
      writeTextFile(resolve(io.workingDirectory, options.schema), `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`, { overwrite });
      io.err.write(`wrote ${options.schema}\n`);
    }
    const text = `${JSON.stringify(document, undefined, 2)}\n`;
    if (options.output === undefined) {
      io.out.write(text);
      return;
    }
    writeTextFile(resolve(io.workingDirectory, options.output), text, { overwrite });
    io.err.write(`wrote ${options.output}; start it with: pol-node run --config-file ${options.output}\n`);
  });
  examples(command, [
    ['pol-node generate-config --output my_config.json --node-id my-node --port 8000 --is-authority', 'an authority'],
    ['pol-node generate-config --output my_config.json --schema config.schema.json', 'with help for the editor'],
  ]);
}

/** JSON schema (2020-12) of a configuration file. */
export function configJsonSchema(): object {
  return { title: 'pol-node configuration', ...z.toJSONSchema(nodeConfigSchema, { io: 'input' }) };
}

/** The keys of the project's document with their defaults, then every flag given. Paths stay as they were written. */
function configDocument(command: Command, schema: string | undefined): object {
  const { node_id, port, api_port, is_authority, boot_nodes, training_enabled } = loadConfig({
    flags: configFlags(command),
    workingDirectory: '/',
  });
  return {
    ...(schema === undefined ? {} : { $schema: schema }),
    node_id,
    port,
    api_port,
    is_authority,
    boot_nodes,
    data_dir: `./data/${node_id}`,
    training_enabled,
    ...typedFlags(command),
  };
}

/** Flags as a file has them: numbers as numbers. */
function typedFlags(command: Command): object {
  const flags = configFlags(command);
  const typed = loadConfig({ flags, workingDirectory: '/' });
  return Object.fromEntries(
    Object.entries(flags)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, PATH_KEYS.includes(key) ? value : typed[key as keyof typeof typed]]),
  );
}
