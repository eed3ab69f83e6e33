import { z } from 'zod';
import { bundleOf, gpt2Bundle, type TokenizerBundle } from '../../data/tokenizers/bundle.ts';
import { vectorRoot } from '../../learning/chunks.ts';
import { modelRootOf } from '../../learning/model-root.ts';
import { parameterLayout } from '../../model/layout.ts';
import { type Genesis, parseGenesis } from '../../params/genesis.ts';
import { fromHex, type Hex, toHex, utf8 } from '../../primitives/bytes.ts';
import { sha256 } from '../../primitives/hash.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { fetchFromNode } from '../node-fetch.ts';
import { parseObject } from './stored-tokenizer.ts';

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const modelSchema = z.object({ model_root: hash, weights_root: hash, momentum_root: hash, round: z.number().int() });
const tokenizerSchema = z.object({ tokenizer: z.string(), config: z.string() });
const lineageSchema = z.looseObject({ checkpoint: z.looseObject({ model_root: hash }) });

/**
 * The settled model of a running node, with its lineage in the chain. Everything that has a hash is held against it; that the chain bears
 * the lineage out is for `pol-node verify --lineage` to say.
 * @throws CLI_UNREACHABLE, CLI_REFUSED, CLI_CHECK_FAILED
 */
export async function readNodeModel(url: string, io: Io, onBytes: (bytes: number) => void) {
  const json = async (path: string): Promise<unknown> => (await fetchFromNode(`${url}${path}`, io)).json();
  const genesis = parseGenesis(await json('/api/v1/genesis'));
  const facts = modelSchema.parse(await json('/api/v1/models/settled'));
  const roots = { weights: fromHex(facts.weights_root as Hex, 32), momentum: fromHex(facts.momentum_root as Hex, 32) };
  if (toHex(modelRootOf(roots)) !== facts.model_root) throw wrong(url, `its model ${facts.model_root} is not made of the vectors it names`);
  const lineage = facts.round < 0 ? undefined : lineageSchema.parse(await json(`/api/v1/lineage?round=${facts.round}`));
  if (lineage !== undefined && lineage.checkpoint.model_root !== facts.model_root) {
    throw wrong(url, `its chain settled model ${lineage.checkpoint.model_root} in round ${facts.round}, and it serves ${facts.model_root}`);
  }
  const tokenizer = await readTokenizer(genesis, url, json);
  const weights = await readWeights(`${url}/api/v1/models/${facts.model_root}/weights`, parameterLayout(genesis.model).count, io, onBytes);
  if (toHex(vectorRoot(weights)) !== facts.weights_root) throw wrong(url, `the weights it sent do not have the root ${facts.weights_root}`);
  return { config: genesis.model, weights, tokenizer, lineage, weightsRoot: facts.weights_root, name: genesis.name };
}

async function readTokenizer(
  { tokenizer, model }: Genesis,
  url: string,
  json: (path: string) => Promise<unknown>,
): Promise<TokenizerBundle> {
  if (tokenizer.kind === 'gpt2') return gpt2Bundle(model.vocab_size);
  const files = tokenizerSchema.parse(await json('/api/v1/tokenizer'));
  const [found, foundConfig] = [files.tokenizer, files.config].map((text) => toHex(sha256(utf8(text))));
  if (found !== tokenizer.hash || foundConfig !== tokenizer.config_hash)
    throw wrong(url, 'its tokenizer is not the one that its genesis names');
  return bundleOf(files.tokenizer, parseObject(files.config, 'tokenizer_config.json'), 'the network’s tokenizer');
}

/** Little-endian f32, straight into place. */
async function readWeights(url: string, count: number, io: Io, onBytes: (bytes: number) => void): Promise<Float32Array> {
  const weights = new Float32Array(count);
  const bytes = new Uint8Array(weights.buffer);
  let at = 0;
  for await (const piece of (await fetchFromNode(url, io)).body ?? []) {
    if (at + piece.length > bytes.length) throw wrong(url, `it sent more than the ${bytes.length} bytes of the model’s weights`);
    bytes.set(piece, at);
    at += piece.length;
    onBytes(at);
  }
  if (at < bytes.length) throw wrong(url, `it sent ${at} of ${bytes.length} bytes`);
  return weights;
}

function wrong(url: string, what: string) {
  return cliError('CLI_CHECK_FAILED', `${url}: ${what}; ask another node`);
}
