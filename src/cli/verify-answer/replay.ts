import { open } from 'node:fs/promises';
import { createChatTemplate, DEFAULT_CHAT_TEMPLATE } from '../../api/openai/chat-template.ts';
import { planRecorded, type RecordedAnswer } from '../../api/openai/replay.ts';
import type { ChatTemplateSource } from '../../chain/view.ts';
import type { Tokenizer } from '../../data/types.ts';
import type { InferenceEngine } from '../../inference/engine.ts';
import { vectorRoot } from '../../learning/chunks.ts';
import { modelRootOf } from '../../learning/model-root.ts';
import { readVectors } from '../../learning/vector-file.ts';
import { parameterLayout } from '../../model/layout.ts';
import type { Operands } from '../../numerics/backend.ts';
import type { ModelConfig } from '../../params/genesis.ts';
import { equalBytes, toHex } from '../../primitives/bytes.ts';
import { cliError } from '../errors.ts';

/** What computing an answer again showed. */
export type Verdict = { readonly index: number } & (
  | { readonly held: true; readonly tokens: number }
  /** The first token that is another; undefined where all are the same and only the shown text differs. */
  | { readonly held: false; readonly reason: string; readonly firstDifference: number | undefined }
);

export interface ReplayOptions {
  readonly model: ModelConfig;
  readonly request: unknown;
  readonly response: unknown;
  /** The network's; undefined: the plain one. */
  readonly chatTemplate: ChatTemplateSource | undefined;
}

export interface ReplayDependencies {
  /** An engine of the arithmetic that the answer was made with. */
  readonly engine: (operands: Operands) => Promise<InferenceEngine>;
  readonly tokenizer: Tokenizer;
  /** A file with the weights of a model. */
  readonly weights: (answer: RecordedAnswer) => Promise<string>;
}

/**
 * Computes every answer of a response again, to the bit.
 * @throws CLI_CHECK_FAILED when the weights are not those the response names
 */
export async function replayAnswers(options: ReplayOptions, dependencies: ReplayDependencies): Promise<readonly Verdict[]> {
  const { model, request, response } = options;
  const { encode, decode } = dependencies.tokenizer;
  const planner = {
    encode: async (text: string) => encode(text),
    decode: async (tokens: readonly number[]) => decode(tokens),
    contextLength: model.context_length,
  };
  const recorded = await planRecorded({ request, response }, createChatTemplate(options.chatTemplate ?? DEFAULT_CHAT_TEMPLATE), planner);
  const verdicts: Verdict[] = [];
  const checked = new Map<string, string>();
  for (const answer of recorded) {
    const root = toHex(answer.modelRoot);
    const weightsPath = checked.get(root) ?? (await dependencies.weights(answer));
    if (!checked.has(root)) await checkModel(answer, weightsPath, model);
    checked.set(root, weightsPath);
    let text = '';
    const job = { id: answer.index + 1, weightsPath, modelId: root, ...answer.plan, logprobs: undefined, promptLogprobs: false };
    const engine = await dependencies.engine(answer.operands);
    const { tokens } = await engine.generate(job, (event) => {
      if (event.type === 'text') text += event.text;
    });
    verdicts.push(compare(answer, tokens, text));
  }
  return verdicts;
}

async function checkModel(answer: RecordedAnswer, path: string, model: ModelConfig): Promise<void> {
  const { modelRoot, weightsRoot, momentumRoot } = answer;
  if (!equalBytes(modelRootOf({ weights: weightsRoot, momentum: momentumRoot }), modelRoot)) {
    throw cliError('CLI_CHECK_FAILED', `the response names model ${toHex(modelRoot)}, which is not made of the vectors it names`);
  }
  const weights = new Float32Array(parameterLayout(model).count);
  if (!(await readVectors(path, [weights]))) {
    const file = await open(path, 'r');
    const { size } = await file.stat().finally(() => file.close());
    throw cliError('CLI_CHECK_FAILED', `${path} has ${size} bytes; weights of this model have ${weights.byteLength}`);
  }
  const found = vectorRoot(weights);
  if (!equalBytes(found, weightsRoot)) {
    throw cliError('CLI_CHECK_FAILED', `${path} has the root ${toHex(found)}; the response names ${toHex(weightsRoot)}`);
  }
}

function compare({ index, tokens: claimed, shows }: RecordedAnswer, made: readonly number[], text: string): Verdict {
  const longest = Math.max(claimed.length, made.length);
  for (let i = 0; i < longest; i++) {
    if (claimed[i] === made[i]) continue;
    const name = (token: number | undefined) => (token === undefined ? 'no token' : `token ${token}`);
    return { index, held: false, firstDifference: i, reason: `at ${i} the response has ${name(claimed[i])}, the model ${name(made[i])}` };
  }
  if (!shows(text))
    return { index, held: false, firstDifference: undefined, reason: 'the tokens are the model’s, the text shown is not theirs' };
  return { index, held: true, tokens: made.length };
}
