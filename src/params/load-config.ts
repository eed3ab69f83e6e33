import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { nearest } from './nearest.ts';
import { configError, type NodeConfig, nodeConfigSchema } from './node-config.ts';

export type ConfigKey = Exclude<keyof NodeConfig, '$schema'>;

/** Where a configuration comes from, strongest first: flags, environment, file, defaults. */
export interface ConfigSources {
  /** By configuration key; text is read as the environment's is, `undefined` means not given. */
  readonly flags?: { readonly [key in ConfigKey]?: unknown };
  /** `POL_NODE_ID`, `POL_PORT`, …: one variable a key. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  readonly workingDirectory: string;
}

const ENVIRONMENT_PREFIX = 'POL_';
/** Resolved against the directory of the file they stand in, else against the working directory. */
export const PATH_KEYS: readonly string[] = [
  'data_dir',
  'genesis_file',
  'key_file',
  'password_file',
  'dataset_cache',
  'api_keys_file',
  'spending_token_file',
  'jwt_secret',
];

/** JSON type of each key, read from the schema itself. */
const KEY_TYPES = keyTypes();
export const CONFIG_KEYS: readonly ConfigKey[] = [...KEY_TYPES.keys()];

/**
 * Merges the sources into one checked configuration; every path in it is absolute. Pure: reads nothing but its arguments.
 * @throws CONFIG_INVALID naming the key, where it came from, and for an unknown key the nearest known one
 */
export function loadConfig({ flags = {}, environment = {}, file, workingDirectory }: ConfigSources): NodeConfig {
  const fileDirectory = file === undefined ? workingDirectory : dirname(resolve(workingDirectory, file.path));
  const layers: readonly Layer[] = [
    { values: file === undefined ? new Map() : readFile(file), directory: fileDirectory, name: (key) => `${file?.path ?? ''}: ${key}` },
    { values: readEnvironment(environment), directory: workingDirectory, name: environmentName },
    { values: readFlags(flags), directory: workingDirectory, name: flagName },
  ];
  const merged: Record<string, unknown> = {};
  const origins = new Map<string, string>();
  for (const { values, directory, name } of layers) {
    for (const [key, value] of values) {
      const isPath = PATH_KEYS.includes(key);
      merged[key] = isPath && typeof value === 'string' && value !== '' ? resolve(directory, value) : value;
      origins.set(key, name(key));
    }
  }
  const parsed = nodeConfigSchema.safeParse(merged);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const [key = 'document', ...rest] = issue?.path ?? [];
    const place = [origins.get(String(key)) ?? String(key), ...rest].join('.');
    throw configError('CONFIG_INVALID', `${place}: ${issue?.message ?? 'invalid'}`);
  }
  const { $schema: _, ...config } = parsed.data;
  return Object.freeze({ ...config, data_dir: resolve(fileDirectory, config.data_dir) });
}

/** `node_id` → `POL_NODE_ID`. */
export function environmentName(key: string): string {
  return `${ENVIRONMENT_PREFIX}${key.toUpperCase()}`;
}

/** `node_id` → `--node-id`; `training_enabled` is `--training` on the command line. */
export function flagName(key: string): string {
  return key === 'training_enabled' ? '--training' : `--${key.replaceAll('_', '-')}`;
}

interface Layer {
  readonly values: ReadonlyMap<string, unknown>;
  readonly directory: string;
  readonly name: (key: string) => string;
}

function readFile({ path, text }: { readonly path: string; readonly text: string }): Map<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw configError('CONFIG_INVALID', `${path}: not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw configError('CONFIG_INVALID', `${path}: must hold one JSON object`);
  }
  const values = new Map(Object.entries(document));
  values.delete('$schema');
  for (const key of values.keys()) {
    if (KEY_TYPES.has(key as ConfigKey)) continue;
    const close = nearest(key, CONFIG_KEYS);
    const cure = close === undefined ? `known keys: ${CONFIG_KEYS.join(', ')}` : `did you mean "${close}"?`;
    throw configError('CONFIG_INVALID', `${path}: unknown key "${key}"; ${cure}`);
  }
  return values;
}

function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Map<string, unknown> {
  const names = new Map(CONFIG_KEYS.map((key) => [environmentName(key), key]));
  const values = new Map<string, unknown>();
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || text === '' || !name.startsWith(ENVIRONMENT_PREFIX)) continue;
    const key = names.get(name);
    if (key !== undefined) {
      values.set(key, fromText(key, text, name));
      continue;
    }
    // Other programs may own POL_ variables (Kubernetes makes some for a service of that name), so only a near miss is an error.
    const close = nearest(name, names.keys());
    if (close !== undefined) throw configError('CONFIG_INVALID', `environment variable ${name} is unknown; did you mean ${close}?`);
  }
  return values;
}

function readFlags(flags: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [key, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    values.set(key, typeof value === 'string' ? fromText(key as ConfigKey, value, flagName(key)) : value);
  }
  return values;
}

/** A key's value from text: the form that variables and flags have. */
function fromText(key: ConfigKey, text: string, origin: string): unknown {
  switch (KEY_TYPES.get(key)) {
    case 'boolean':
      if (/^(?:true|1|yes|on)$/i.test(text)) return true;
      if (/^(?:false|0|no|off)$/i.test(text)) return false;
      throw configError('CONFIG_INVALID', `${origin}: "${text}" must be true or false`);
    case 'integer':
    case 'number': {
      const value = Number(text);
      if (text.trim() === '' || !Number.isFinite(value)) throw configError('CONFIG_INVALID', `${origin}: "${text}" must be a number`);
      return value;
    }
    case 'array':
      return splitList(text);
    default:
      return key === 'log_level' ? text.toUpperCase() : text;
  }
}

/** `localhost:8001,localhost:8002` → its parts, without blanks. */
function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function keyTypes(): ReadonlyMap<ConfigKey, string> {
  const { properties = {} } = z.toJSONSchema(nodeConfigSchema, { io: 'input' });
  const types = new Map<ConfigKey, string>();
  for (const [key, schema] of Object.entries(properties)) {
    const type = typeof schema === 'object' && typeof schema.type === 'string' ? schema.type : 'string';
    if (key !== '$schema') types.set(key as ConfigKey, type);
  }
  return types;
}
