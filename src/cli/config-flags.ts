import type { Command } from 'commander';
import { type ConfigKey, type ConfigSources, flagName } from '../params/load-config.ts';
import { listArgument } from './arguments.ts';

/*
 * The configuration as flags, one a key. Values stay text: `loadConfig` reads and checks them as it does the environment's,
 * so that a wrong value is told the same way wherever it stands.
 */

type FlagKey = Exclude<ConfigKey, 'log_level'>;

const FLAGS: Readonly<Record<FlagKey, readonly [placeholder: string, description: string]>> = {
  node_id: ['<NAME>', 'name of the node, for logs and peers'],
  port: ['<PORT>', 'port for other nodes (default: 8000)'],
  api_port: ['<PORT>', 'port of the APIs: JSON-RPC, REST, OpenAI (default: 8080)'],
  training_enabled: ['', 'train, and earn'],
  is_authority: ['', 'propose and vote on blocks, if the network’s authorities include this key'],
  boot_nodes: ['<HOST:PORT>', 'nodes to join by; separated by commas, or repeat the flag'],
  data_dir: ['<DIR>', 'where the chain, the model and the key are kept (default: ./data)'],
  model_size: ['<N>', 'parameters of the model, when this node starts a network of its own'],
  batch_size: ['<N>', 'sequences in a training step, when this node starts a network of its own'],
  learning_rate: ['<RATE>', 'peak learning rate, when this node starts a network of its own'],
  api_host: ['<HOST>', 'address the APIs listen on (default: 127.0.0.1)'],
  p2p_host: ['<HOST>', 'address other nodes connect to (default: 127.0.0.1)'],
  genesis_file: ['<FILE>', 'genesis of the network to join'],
  genesis_hash: ['<HASH>', 'accept only this genesis from a boot node'],
  key_file: ['<FILE>', 'encrypted key (keystore v3); made in the data directory when absent'],
  password_file: ['<FILE>', 'file with the password of the key'],
  backend: ['<NAME>', 'arithmetic: auto, native, wasm or reference (default: auto)'],
  threads: ['<N>', 'threads of training (default: 1)'],
  inference_share: ['<SHARE>', 'of one processor’s time, what answering may take beside training or checking (default: 0.5)'],
  inference_slots: ['<N>', 'answers made together (default: 8)'],
  inference_threads: ['<N>', 'threads of answering (default: 1)'],
  inference_operands: [
    '<TYPE>',
    'bf16, as training computes, or f32, as other programs read an export; needs native kernels (default: bf16)',
  ],
  served_models_kept: ['<N>', 'models that have answered, kept for verify-answer (default: 4)'],
  api_keys_file: ['<FILE>', 'hashed API keys with quotas; with it, /v1 answers to these only'],
  spending_token_file: ['<FILE>', 'token with which the API spends the node’s coins from elsewhere, not only on loopback'],
  dataset_cache: ['<DIR>', 'where tokenised data sets are kept; nodes of one machine may share it'],
  keep_rounds: ['<N>', 'settled rounds whose proofs can still be judged again with "pol-node verify" (default: 2)'],
  execution_engine: ['<URL>', 'Engine API of an execution client to use in place of the embedded one'],
  execution_rpc: ['<URL>', 'JSON-RPC of the same execution client, for balances, calls and receipts'],
  jwt_secret: ['<FILE>', 'secret that this node and the execution client share: 32 bytes in hexadecimal'],
  snapshot_after_blocks: ['<N>', 'blocks behind beyond which a recent state is fetched instead of every block; 0: never'],
};

/** What commander makes of the flags, under its camel-case names. */
export type ConfigFlags = Readonly<Record<string, unknown>>;

export function withConfigFlags(command: Command): Command {
  for (const key of Object.keys(FLAGS) as FlagKey[]) {
    const [placeholder, description] = FLAGS[key];
    const flag = `${flagName(key)} ${placeholder}`.trim();
    if (key === 'boot_nodes') command.option(flag, description, listArgument);
    else command.option(flag, description);
  }
  return command.option('--no-training', 'do not train, whatever the file says');
}

/** The flags given, by configuration key; `log_level` comes from the program's global option. */
export function configFlags(command: Command): NonNullable<ConfigSources['flags']> {
  const options: ConfigFlags = command.optsWithGlobals();
  const flags: Partial<Record<ConfigKey, unknown>> = {};
  for (const key of [...(Object.keys(FLAGS) as FlagKey[]), 'log_level' as const]) {
    const value = options[camelCase(flagName(key).slice(2))];
    if (value !== undefined) flags[key] = value;
  }
  return flags;
}

function camelCase(text: string): string {
  return text.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
