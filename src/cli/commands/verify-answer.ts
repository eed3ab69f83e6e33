import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { createInferenceEngine, type InferenceEngine } from '../../inference/engine.ts';
import { ASSETS_FOLDER } from '../../learning/assets.ts';
import { openLanguage } from '../../node/language.ts';
import type { Operands } from '../../numerics/backend.ts';
import { selectBackend } from '../../numerics/backends.ts';
import { type Genesis, parseGenesis } from '../../params/genesis.ts';
import { toHex } from '../../primitives/bytes.ts';
import { cliError } from '../errors.ts';
import { readTextFile } from '../files.ts';
import type { Io } from '../io.ts';
import { fetchFromNode } from '../node-fetch.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';
import { replayAnswers } from '../verify-answer/replay.ts';

interface VerifyAnswerOptions extends NodeAddressOptions {
  readonly weights?: string;
  readonly genesisFile?: string;
  readonly assets?: string;
  readonly backend: string;
  readonly json?: boolean;
}

export function registerVerifyAnswer(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('verify-answer'))
    .argument('<FILE>', 'JSON: {"request": …, "response": …}, bodies as sent and received; - reads standard input')
    .description('Compute an answer of /v1 again, bit for bit, with the model it names.')
    .option('--weights <FILE>', 'the model’s weights (little-endian f32), instead of fetching them from the node')
    .option('--genesis-file <FILE>', 'the network’s genesis, instead of asking the node for it')
    .option('--assets <DIR>', 'the tokenizer’s files, where the genesis names some (default: assets beside the genesis file)')
    .option('--backend <NAME>', 'arithmetic: auto, native, wasm or reference', 'auto')
    .option('--json', 'print the verdicts as JSON')
    .action((file: string, options: VerifyAnswerOptions) => verifyAnswer(file, options, io));
  examples(command, [
    ['pol-node verify-answer answer.json', 'with genesis and weights from the node on this machine'],
    [
      'pol-node verify-answer - --url http://node.example:8080 < answer.json',
      'from another node: its word is not needed, roots are checked',
    ],
    ['pol-node verify-answer answer.json --weights model.f32 --genesis-file genesis.json', 'without any node'],
  ]);
}

async function verifyAnswer(file: string, options: VerifyAnswerOptions, io: Io): Promise<void> {
  const { request, response } = readPair(file === '-' ? await readAll(io.input) : readTextFile(file, io.workingDirectory), file);
  const url = nodeUrl(options);
  const genesis = await readGenesis(options, url, io);
  const { model } = genesis;
  const assets = options.assets ?? join(dirname(options.genesisFile ?? '.'), ASSETS_FOLDER);
  const { tokenizer, endTokens, chatTemplate } = await openLanguage(genesis, [resolve(io.workingDirectory, assets)]);
  const directory = await mkdtemp(join(tmpdir(), 'pol-verify-'));
  try {
    const open = async (operands: Operands): Promise<InferenceEngine> => {
      const backend = await selectBackend({ wanted: options.backend, threads: availableParallelism(), operands });
      return createInferenceEngine({ model, slots: 1, endTokens }, { backend, tokenizer });
    };
    const engines = new Map<Operands, Promise<InferenceEngine>>();
    const engine = (operands: Operands): Promise<InferenceEngine> => {
      const opened = engines.get(operands) ?? open(operands);
      engines.set(operands, opened);
      return opened;
    };
    const weights = async ({ modelRoot }: { readonly modelRoot: Uint8Array }): Promise<string> => {
      if (options.weights !== undefined) return resolve(io.workingDirectory, options.weights);
      const path = join(directory, `${toHex(modelRoot)}.f32`);
      await writeFile(
        path,
        new Uint8Array(await (await fetchFromNode(`${url}/api/v1/models/${toHex(modelRoot)}/weights`, io)).arrayBuffer()),
      );
      return path;
    };
    const verdicts = await replayAnswers({ model, request, response, chatTemplate }, { engine, tokenizer, weights });
    if (options.json === true) io.out.write(`${JSON.stringify(verdicts)}\n`);
    else {
      for (const verdict of verdicts) {
        const said = verdict.held ? `yes: ${verdict.tokens} tokens, bit for bit` : `no: ${verdict.reason}`;
        io.out.write(`answer ${verdict.index}: ${said}\n`);
      }
    }
    if (verdicts.some(({ held }) => !held)) throw cliError('CLI_CHECK_FAILED', 'the model does not give this answer');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function readPair(text: string, file: string): { readonly request: unknown; readonly response: unknown } {
  try {
    const { request, response } = JSON.parse(text) as Record<string, unknown>;
    if (typeof request === 'object' && request !== null && typeof response === 'object' && response !== null) return { request, response };
  } catch (cause) {
    throw cliError('CLI_USAGE', `${file} is not JSON`, { cause });
  }
  throw cliError('CLI_USAGE', `${file} must hold {"request": {…}, "response": {…}}`);
}

async function readGenesis({ genesisFile }: VerifyAnswerOptions, url: string, io: Io): Promise<Genesis> {
  if (genesisFile !== undefined) return parseGenesis(JSON.parse(readTextFile(genesisFile, io.workingDirectory)));
  return parseGenesis(await (await fetchFromNode(`${url}/api/v1/genesis`, io)).json());
}
