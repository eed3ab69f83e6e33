import { z } from 'zod';
import { errorDomain } from '../primitives/errors.ts';

/** What one machine may choose. seed.md's keys first, ours after; snake_case as in seed.md. */
export type NodeConfig = z.infer<typeof nodeConfigSchema>;

export const configError = errorDomain({
  CONFIG_INVALID: { explanation: 'A configuration file, variable or flag does not parse.' },
});

const port = z.number().int().min(0).max(65535);

export const nodeConfigSchema = z.strictObject({
  /** Lets editors find the JSON schema. */
  $schema: z.string().optional(),
  node_id: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, dot, dash and underscore, at most 64')
    .default('node'),
  /** P2P port (WebSocket). 0 lets the system choose. */
  port: port.default(8000),
  is_authority: z.boolean().default(false),
  /** host:port of nodes to join by, or multiaddrs. */
  boot_nodes: z.array(z.string().min(1)).default([]),
  data_dir: z.string().min(1).default('./data'),
  training_enabled: z.boolean().default(false),
  /** Parameter count wanted when this node creates a network of its own; the genesis decides otherwise. */
  model_size: z.number().int().positive().optional(),
  /** Like model_size: used only when creating a network. */
  batch_size: z.number().int().positive().optional(),
  learning_rate: z.number().positive().optional(),

  /** HTTP port for JSON-RPC, REST and OpenAI. */
  api_port: port.default(8080),
  api_host: z.string().default('127.0.0.1'),
  p2p_host: z.string().default('127.0.0.1'),
  genesis_file: z.string().optional(),
  /** Pins the network when the genesis comes from a boot node. */
  genesis_hash: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    .optional(),
  /** Encrypted keystore (v3) and the file with its password. Made in data_dir when absent. */
  key_file: z.string().optional(),
  password_file: z.string().optional(),
  /** Arithmetic: auto, native, wasm, reference, or a native variant by name. */
  backend: z.string().default('auto'),
  /** Threads of one training process. */
  threads: z.number().int().positive().max(256).default(1),
  /** Of one processor's time, what answering may take at most on a node that also trains or checks. */
  inference_share: z.number().gt(0).max(1).default(0.5),
  /** Answers made together, and threads that make them. */
  inference_slots: z.number().int().positive().max(256).default(8),
  inference_threads: z.number().int().positive().max(256).default(1),
  /** What answers are computed with: operands rounded to bf16, as in training, or unrounded, as other programs read an export. */
  inference_operands: z.enum(['bf16', 'f32']).default('bf16'),
  /** Models that have answered, kept so that their answers can be computed again; each takes 4 bytes a parameter. */
  served_models_kept: z.number().int().positive().max(10_000).default(4),
  /** JSON file of hashed API keys with quotas: with it, /v1 answers to these only. */
  api_keys_file: z.string().optional(),
  /** File with a token: who sends it may use the node's key over the API from anywhere. Without: programs of this machine only. */
  spending_token_file: z.string().optional(),
  /** Where tokenised data sets are kept; several nodes of one machine may share it. Default: data_dir/datasets. */
  dataset_cache: z.string().optional(),
  /** A node further behind than this takes over a recent state instead of executing every block; 0: never. */
  snapshot_after_blocks: z.number().int().nonnegative().default(1024),
  /** Settled rounds whose proofs this node can still show and judge again: their updates, states and start weights stay on disk. */
  keep_rounds: z.number().int().min(1).max(100_000).default(2),
  /** Engine API of an execution client that takes the place of the embedded one, and the file with the secret that both share. */
  execution_engine: z.url({ protocol: /^https?$/ }).optional(),
  jwt_secret: z.string().optional(),
  /** The same client's ordinary JSON-RPC: balances, calls and receipts are asked there. */
  execution_rpc: z.url({ protocol: /^https?$/ }).optional(),
  log_level: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
});
