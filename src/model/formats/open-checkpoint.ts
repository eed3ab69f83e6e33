import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ModelConfig } from '../../params/genesis.ts';
import { messageOf } from '../../primitives/errors.ts';
import { headDim, parameterLayout } from '../layout.ts';
import { type ByteSource, openFileSource } from './byte-source.ts';
import type { Checkpoint, StoredTensor } from './checkpoint.ts';
import { formatError } from './errors.ts';
import { type GgufFile, readGguf } from './gguf-read.ts';
import type { GgufValue } from './gguf-types.ts';
import { parseHuggingFaceConfig } from './huggingface.ts';
import { MAX_CONFIG_BYTES, MAX_SHARDS } from './limits.ts';
import { fromNeighbours, ggufName, parseGgufConfig, rotatedHeads } from './llama-gguf.ts';
import { readSafetensors } from './safetensors.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** A checkpoint of another program, with what stands beside the weights. */
export interface ForeignCheckpoint extends Checkpoint {
  readonly format: 'huggingface' | 'gguf';
  /** The folder of a Hugging Face checkpoint, where its tokenizer lies. */
  readonly directory: string | undefined;
  /** A GGUF file's. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
}

/**
 * Opens a Hugging Face folder (config.json; model.safetensors, or shards and their index) or a GGUF file.
 * @throws FORMAT_NOT_FOUND, FORMAT_INVALID, FORMAT_UNSUPPORTED naming the field
 */
export async function openCheckpoint(path: string): Promise<ForeignCheckpoint> {
  const found = await stat(path).catch((cause: unknown) => {
    throw formatError('FORMAT_NOT_FOUND', `${path}: ${messageOf(cause)}`, { cause });
  });
  return found.isDirectory() ? openHuggingFace(path) : openGguf(path);
}

async function openGguf(path: string): Promise<ForeignCheckpoint> {
  const source = await openFileSource(path);
  return closingOnFailure([source], async () => {
    const { metadata, tensors }: GgufFile = await readGguf(source);
    const vocabulary = metadata.get('tokenizer.ggml.tokens');
    const config = parseGgufConfig(metadata, {
      file: path,
      has: (name) => tensors.has(name),
      vocabulary: Array.isArray(vocabulary) ? vocabulary.length : undefined,
    });
    const names = namesOf(config, ggufName);
    requireTensors(tensors, names, path);
    return {
      format: 'gguf',
      directory: undefined,
      config,
      metadata,
      async readWeights(out) {
        for (const spec of parameterLayout(config).tensors) {
          const part = out.subarray(spec.offset, spec.offset + spec.length);
          await tensors.get(ggufName(spec.name))?.read(part);
          const heads = rotatedHeads(config, spec);
          if (heads !== undefined) part.set(fromNeighbours(part, heads, headDim(config)));
        }
      },
      close: () => source.close(),
    };
  });
}

async function openHuggingFace(directory: string): Promise<ForeignCheckpoint> {
  const file = join(directory, 'config.json');
  const config = parseHuggingFaceConfig(await readJson(file), file);
  const sources: ByteSource[] = [];
  return closingOnFailure(sources, async () => {
    const tensors = new Map<string, StoredTensor>();
    for (const shard of await shardsOf(directory)) {
      const source = await openFileSource(join(directory, shard));
      sources.push(source);
      for (const [name, tensor] of await readSafetensors(source)) {
        if (tensors.has(name)) throw formatError('FORMAT_INVALID', `${source.name}: tensor ${name} is in another shard too`);
        tensors.set(name, tensor);
      }
    }
    // A tied head may be stored all the same, and rotary tables by old exporters: neither says anything new.
    const ignored = config.tied_embeddings ? /^lm_head\.weight$|\.rotary_emb\.inv_freq$/ : /\.rotary_emb\.inv_freq$/;
    for (const name of [...tensors.keys()].filter((each) => ignored.test(each))) tensors.delete(name);
    requireTensors(
      tensors,
      namesOf(config, (name) => name),
      directory,
    );
    return {
      format: 'huggingface',
      directory,
      config,
      metadata: new Map(),
      async readWeights(out) {
        for (const { name, offset, length } of parameterLayout(config).tensors) {
          await tensors.get(name)?.read(out.subarray(offset, offset + length));
        }
      },
      async close() {
        for (const source of sources) await source.close();
      },
    };
  });
}

/** The files with weights, by the index where there is one. */
async function shardsOf(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  if (!names.includes(INDEX)) {
    if (names.includes(SINGLE)) return [SINGLE];
    throw formatError('FORMAT_NOT_FOUND', `${directory} has neither ${SINGLE} nor ${INDEX}`);
  }
  const path = join(directory, INDEX);
  const document = await readJson(path);
  const map = typeof document === 'object' && document !== null && 'weight_map' in document ? document.weight_map : undefined;
  const files = typeof map === 'object' && map !== null ? [...new Set(Object.values(map) as unknown[])] : [];
  // A name must stay in the folder.
  const isName = (name: unknown): name is string => typeof name === 'string' && name.endsWith('.safetensors') && basename(name) === name;
  if (files.length === 0 || files.length > MAX_SHARDS || !files.every(isName)) {
    throw formatError('FORMAT_INVALID', `${path}: weight_map: not an object of names of .safetensors files`);
  }
  return files;
}

function namesOf(config: ModelConfig, rename: (name: string) => string): ReadonlyMap<string, readonly number[]> {
  return new Map(parameterLayout(config).tensors.map(({ name, shape }) => [rename(name), shape]));
}

/** @throws FORMAT_INVALID for a missing tensor or another shape, FORMAT_UNSUPPORTED for one that our model does not have */
function requireTensors(tensors: ReadonlyMap<string, StoredTensor>, wanted: ReadonlyMap<string, readonly number[]>, file: string): void {
  for (const [name, shape] of wanted) {
    const found = tensors.get(name);
    if (found === undefined) throw formatError('FORMAT_INVALID', `${file}: tensor ${name} is missing`);
    if (found.shape.join() !== shape.join()) {
      throw formatError(
        'FORMAT_INVALID',
        `${file}: tensor ${name} has shape [${found.shape.join(', ')}], and the model [${shape.join(', ')}]`,
      );
    }
  }
  const foreign = [...tensors.keys()].find((name) => !wanted.has(name));
  if (foreign !== undefined) {
    throw formatError(
      'FORMAT_UNSUPPORTED',
      `${file}: tensor ${foreign}: this program’s model has none of that name (no biases, no experts, no adapters)`,
    );
  }
}

async function closingOnFailure<T>(sources: readonly ByteSource[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
}

async function readJson(path: string): Promise<unknown> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw formatError('FORMAT_NOT_FOUND', `${path}: ${messageOf(cause)}`, { cause });
  });
  if (size > MAX_CONFIG_BYTES) throw formatError('FORMAT_INVALID', `${path} has ${size} bytes; the limit is ${MAX_CONFIG_BYTES}`);
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw formatError('FORMAT_INVALID', `${path}: not JSON: ${messageOf(cause)}`, { cause });
  }
}
