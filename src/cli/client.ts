import { z } from 'zod';
import { messageOf } from '../primitives/errors.ts';
import { cliError } from './errors.ts';
import { errnoOf } from './files.ts';
import { sseData } from './sse.ts';

/*
 * A small client of a node's own APIs. It reads what it knows and takes any field's absence calmly,
 * so that it also works with older and newer nodes.
 */

const number = z.number().optional().catch(undefined);
const text = z.string().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
/** Wei as decimal text. */
const wei = z
  .string()
  .regex(/^\d+$/)
  .transform((digits) => BigInt(digits))
  .optional()
  .catch(undefined);

const statusSchema = z.looseObject({
  node_id: text,
  address: text,
  version: text,
  chain_id: number,
  height: number,
  round: number,
  peers: number,
  is_authority: flag,
  training_enabled: flag,
  model_root: text,
  model_parameters: number,
  backend: text,
  syncing: z.unknown().optional(),
  memory_bytes: number,
  p2p_addresses: z.array(z.string()).optional().catch(undefined),
});
export type NodeStatus = z.infer<typeof statusSchema>;

const earnerSchema = z.object({
  address: z.string(),
  earned: wei,
  reputation: number,
  accepted: number,
  rejected: number,
  last_sealed_round: number,
});
export type Earner = z.infer<typeof earnerSchema>;

const networkInfoSchema = z.looseObject({
  blockchain_height: number,
  round: number,
  settled_round: number,
  model_root: text,
  held_out_loss: number,
  held_out_accuracy: number,
  held_out_round: number,
  proofs_accepted: number,
  proofs_rejected: number,
  authorities: z.array(earnerSchema).catch([]),
  trainers: z.array(earnerSchema).catch([]),
});
export type NetworkInfo = z.infer<typeof networkInfoSchema>;

const trainingSchema = z.looseObject({
  enabled: flag,
  active: flag,
  current_epoch: number,
  current_loss: number,
  held_out_loss: number,
  tokens_per_second: number,
  history: z.array(z.object({ round: z.number(), loss: number, held_out_loss: number })).catch([]),
});
export type TrainingInfo = z.infer<typeof trainingSchema>;

const roundSchema = z.looseObject({ settled_at_height: number });

/** Wei as decimal text, in answers whose every amount counts. */
const amount = z
  .string()
  .regex(/^\d+$/)
  .transform((digits) => BigInt(digits));
const due = { due: amount, locked: amount, unminted: amount, paid: amount };
const rewardSchema = z.object({
  round: z.number(),
  address: z.string(),
  settled_at_height: z.number(),
  emission: z.object({
    scheduled: amount,
    factor: z.number(),
    available: amount,
    trainers: amount,
    authorities: amount,
    bounty_pool: amount,
  }),
  trainer: z
    .object({
      decision: z.string().nullable(),
      segments: z.number(),
      tokens: z.number(),
      accepted_tokens: z.number(),
      by_tokens: amount,
      price_cap: amount,
      capped: z.boolean(),
      ...due,
    })
    .nullable(),
  authority: z.object({ seat: amount, done: z.number(), wanted: z.number(), ...due }).nullable(),
  bounties: z.array(z.object({ offender: z.string(), wei: amount })),
  slashes: z.array(z.object({ reason: z.string(), wei: amount, rewarded: amount, burned: amount })),
  paid: amount,
  withdrawals: z.array(z.object({ index: z.number(), wei: amount })),
});
export type RewardExplanation = z.infer<typeof rewardSchema>;

const stakeSchema = z.object({
  address: z.string(),
  bonded: amount,
  unbonding: amount,
  unbonds_after_round: z.number().nullable(),
  offences: z.number(),
  trainer_minimum: amount,
  authority_minimum: amount,
  stake_address: z.string(),
  minimum_deposit: amount,
  unbonding_rounds: z.number(),
  round: z.number(),
});
export type StakeInfo = z.infer<typeof stakeSchema>;

const authoritiesSchema = z.object({
  round: z.number(),
  authorities: z.array(z.object({ address: z.string(), reputation: z.number(), bonded_pol: z.string() })),
  wishes: z.array(z.object({ authority: z.string(), round: z.number(), change: z.string(), candidate: z.string() })),
  scheduled: z.array(z.object({ round: z.number(), change: z.string(), candidate: z.string() })),
});
export type AuthoritiesInfo = z.infer<typeof authoritiesSchema>;

const candidacySchema = z.object({ address: z.string(), tip: z.string(), secret_tip: z.string() });

const receiptSchema = z.object({
  status: z.string(),
  blockNumber: z.string(),
  gasUsed: z.string(),
  effectiveGasPrice: z.string(),
});
export interface Receipt {
  readonly succeeded: boolean;
  readonly block: number;
  /** Wei. */
  readonly fee: bigint;
}

const rpcAnswerSchema = z.union([
  z.object({ error: z.object({ code: z.number(), message: z.string() }) }),
  z.object({ result: z.unknown() }),
]);
/** REST and OpenAI errors have the same outline. */
const errorAnswerSchema = z.object({ error: z.object({ message: z.string() }) });
const chatChunkSchema = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })),
});

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly seed?: number | undefined;
}

/** Every method @throws CLI_UNREACHABLE when nobody answers, CLI_REFUSED with the node's own message. */
export interface NodeClient {
  status(): Promise<NodeStatus>;
  networkInfo(): Promise<NetworkInfo>;
  trainingStatus(): Promise<TrainingInfo>;
  /** Height of the block that settled a round; undefined when it is not settled, or the node does not tell. */
  settledAt(round: number): Promise<number | undefined>;
  /** Where an account's coins of a settled round came from. */
  reward(round: number, address: string): Promise<RewardExplanation>;
  /** What an account has at stake; the node's own when none is named. */
  stake(address: string | undefined): Promise<StakeInfo>;
  /** Asks for so much of the node's own stake back (wei); gives the operation's identity. */
  exit(wei: bigint): Promise<string>;
  authorities(): Promise<AuthoritiesInfo>;
  candidacy(generation: number): Promise<z.infer<typeof candidacySchema>>;
  /** Votes with the node's key; parameters as pol_voteAuthority takes them. Gives the operation's identity. */
  voteAuthority(change: readonly string[]): Promise<string>;
  /** Wei. */
  balance(address: string): Promise<bigint>;
  /** Sends from the node's own account; gives the transaction's hash. */
  send(to: string, wei: bigint): Promise<string>;
  /** Undefined while the transaction is in no final block. */
  receipt(transaction: string): Promise<Receipt | undefined>;
  /** The answer's text, piece by piece. */
  chat(request: ChatRequest, signal?: AbortSignal): AsyncIterable<string>;
}

export interface ClientOptions {
  /** Base address, without a closing slash. */
  readonly url: string;
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;

export function createClient(
  { url, timeoutMs = DEFAULT_TIMEOUT_MS }: ClientOptions,
  { fetch }: { readonly fetch: typeof globalThis.fetch },
): NodeClient {
  async function request(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, init);
    } catch (cause) {
      throw unreachable(url, cause);
    }
    if (!response.ok) throw await refused(response);
    return response;
  }

  async function json(path: string, body?: unknown): Promise<unknown> {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await request(path, { ...(body === undefined ? {} : post(body)), signal });
    try {
      return await response.json();
    } catch (cause) {
      if (signal.aborted) throw unreachable(url, cause);
      throw cliError('CLI_REFUSED', `${url}${path} does not answer with JSON; is that the API port of a pol-node?`, { cause });
    }
  }

  function known<T>(schema: z.ZodType<T>, answer: unknown): T {
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw cliError('CLI_REFUSED', `${url} does not answer as a pol-node does; is that its API port?`);
    return parsed.data;
  }

  async function rest<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(await json(path));
    if (!parsed.success) throw cliError('CLI_REFUSED', `${url}${path} does not answer as a pol-node does; is that its API port?`);
    return parsed.data;
  }

  async function rpc(method: string, params: readonly unknown[]): Promise<unknown> {
    const answer = rpcAnswerSchema.safeParse(await json('/', { jsonrpc: '2.0', id: 1, method, params }));
    if (!answer.success) throw cliError('CLI_REFUSED', `${url} does not answer JSON-RPC; is that the API port of a pol-node?`);
    if ('error' in answer.data) throw cliError('CLI_REFUSED', answer.data.error.message, { data: answer.data.error.code });
    return answer.data.result;
  }

  return {
    status: () => rest('/api/v1/status', statusSchema),
    networkInfo: () => rest('/api/v1/network/info', networkInfoSchema),
    trainingStatus: () => rest('/api/v1/training/status', trainingSchema),
    async settledAt(round) {
      const { settled_round } = await rest('/api/v1/network/info', networkInfoSchema);
      if (settled_round === undefined || round > settled_round) return undefined;
      return (await rest(`/api/v1/rounds/${round}`, roundSchema)).settled_at_height;
    },
    reward: (round, address) => rest(`/api/v1/rounds/${round}/rewards/${address}`, rewardSchema),
    stake: async (address) => known(stakeSchema, await rpc('pol_getStake', address === undefined ? [] : [address])),
    exit: async (wei) => String(await rpc('pol_exit', [`0x${wei.toString(16)}`])),
    authorities: () => rest('/api/v1/authorities', authoritiesSchema),
    candidacy: async (generation) => known(candidacySchema, await rpc('pol_candidacy', [`0x${generation.toString(16)}`])),
    voteAuthority: async (change) => String(await rpc('pol_voteAuthority', change)),
    async balance(address) {
      return BigInt(String(await rpc('eth_getBalance', [address, 'latest'])));
    },
    async send(to, wei) {
      return String(await rpc('eth_sendTransaction', [{ to, value: `0x${wei.toString(16)}` }]));
    },
    async receipt(transaction) {
      const result = await rpc('eth_getTransactionReceipt', [transaction]);
      if (result === null) return undefined;
      const receipt = receiptSchema.parse(result);
      return {
        succeeded: receipt.status === '0x1',
        block: Number(receipt.blockNumber),
        fee: BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice),
      };
    },
    async *chat({ messages, maxTokens, temperature, topP, seed }, signal) {
      const body = { model: 'pol-gpt', messages, max_tokens: maxTokens, temperature, top_p: topP, seed, stream: true };
      const response = await request('/v1/chat/completions', { ...post(body), ...(signal === undefined ? {} : { signal }) });
      if (response.body === null) return;
      for await (const data of sseData(response.body)) {
        if (data === '[DONE]') return;
        const event: unknown = JSON.parse(data);
        const failure = errorAnswerSchema.safeParse(event);
        if (failure.success) throw cliError('CLI_REFUSED', failure.data.error.message);
        const chunk = chatChunkSchema.safeParse(event);
        const content = chunk.success ? chunk.data.choices[0]?.delta.content : undefined;
        if (content) yield content;
      }
    },
  };
}

function post(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

async function refused(response: Response) {
  const body = await response.text().catch(() => '');
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    document = undefined;
  }
  const parsed = errorAnswerSchema.safeParse(document);
  const message = parsed.success
    ? parsed.data.error.message
    : `HTTP ${response.status} from ${response.url}; is that the API port of a pol-node?`;
  return cliError('CLI_REFUSED', message, { data: response.status });
}

function unreachable(url: string, cause: unknown) {
  const inner = cause instanceof Error ? cause.cause : undefined;
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
  const why = timedOut ? 'no answer in time' : (errnoOf(inner) ?? messageOf(inner ?? cause));
  return cliError(
    'CLI_UNREACHABLE',
    `no node answers at ${url} (${why}); start one with "pol-node run", or name another with --port or --url`,
    { cause },
  );
}
