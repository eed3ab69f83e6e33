import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { importTool } from '../../tools/tools.ts';

/** OpenAI's published API description, beside the project; tests that need it are skipped where it is missing. */
const DOCUMENT = fileURLToPath(new URL('../../../../shared/conformance/openai/openapi.json', import.meta.url));
export const hasDocument = existsSync(DOCUMENT);

interface Ajv {
  addSchema(schema: object, key: string): void;
  compile(schema: object): ((value: unknown) => boolean) & { errors?: readonly object[] | null };
}

const SCHEMAS: Readonly<Record<string, { readonly request: string; readonly whole: string; readonly event: string }>> = {
  '/v1/chat/completions': {
    request: 'CreateChatCompletionRequest',
    whole: 'CreateChatCompletionResponse',
    event: 'CreateChatCompletionStreamResponse',
  },
  '/v1/completions': { request: 'CreateCompletionRequest', whole: 'CreateCompletionResponse', event: 'CreateCompletionResponse' },
  '/v1/responses': { request: 'CreateResponse', whole: 'Response', event: '' },
  '/v1/embeddings': { request: 'CreateEmbeddingRequest', whole: 'CreateEmbeddingResponse', event: '' },
};

export interface ValidatingFetch {
  readonly fetch: typeof globalThis.fetch;
  /** Documents that were checked, by schema. */
  readonly counts: Map<string, number>;
  /** Resolves when every answer has been read and checked; throws what is not valid. */
  settled(): Promise<void>;
}

/** A fetch that holds every request and every answer, whole or in events, against the description. */
export async function createValidatingFetch(): Promise<ValidatingFetch> {
  const { default: Ajv2020 } = await importTool<{ default: new (options: object) => Ajv }>('ajv/dist/2020.js');
  const { default: addFormats } = await importTool<{ default: (ajv: Ajv) => void }>('ajv-formats');
  const document = readDocument();
  const ajv = new Ajv2020({ strict: false, allErrors: false, discriminator: false, validateFormats: false });
  addFormats(ajv);
  ajv.addSchema(document, 'openai');
  const compiled = new Map<string, ReturnType<Ajv['compile']>>();
  const counts = new Map<string, number>();
  const failures: Error[] = [];
  const reading: Promise<void>[] = [];

  function check(schema: string, value: unknown): void {
    const validate = compiled.get(schema) ?? ajv.compile({ $ref: `openai#/components/schemas/${schema}` });
    compiled.set(schema, validate);
    counts.set(schema, (counts.get(schema) ?? 0) + 1);
    if (validate(value)) return;
    failures.push(new Error(`not a ${schema}: ${JSON.stringify(validate.errors?.slice(0, 5))}\n${JSON.stringify(value).slice(0, 2000)}`));
  }

  async function checkAnswer(path: string, response: Response): Promise<void> {
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const text = await response.text().catch(() => undefined);
    // Aborted by the client.
    if (text === undefined) return;
    if (!isStream) {
      check(response.ok ? (SCHEMAS[path]?.whole as string) : 'ErrorResponse', JSON.parse(text));
      return;
    }
    for (const line of text.split('\n').filter((one) => one.startsWith('data: ') && one !== 'data: [DONE]')) {
      const event = JSON.parse(line.slice('data: '.length)) as { readonly type?: string };
      check(path === '/v1/responses' ? eventSchema(document, event.type) : (SCHEMAS[path]?.event as string), event);
    }
  }

  return {
    counts,
    async fetch(input, init) {
      const url = new URL(typeof input === 'string' ? input : input instanceof URL ? input.href : input.url);
      const schemas = SCHEMAS[url.pathname];
      if (schemas !== undefined && typeof init?.body === 'string') {
        const body = JSON.parse(init.body) as Record<string, unknown>;
        // What a test gets wrong on purpose is the answer's to refuse.
        if (!('x-invalid' in Object.fromEntries(new Headers(init.headers)))) check(schemas.request, body);
      }
      const response = await globalThis.fetch(input, init);
      if (schemas === undefined || response.body === null) return response;
      const [mine, theirs] = response.body.tee();
      const { status, headers } = response;
      reading.push(checkAnswer(url.pathname, new Response(mine, { status, headers })));
      return new Response(theirs, { status, headers });
    },
    async settled() {
      await Promise.all(reading);
      if (failures.length > 0) throw failures[0];
    },
  };
}

interface Document {
  components: { schemas: Record<string, { properties?: Record<string, object> }> };
}

/**
 * The description, and three things that it does not say and OpenAI's own answers do: the first token of an echoed prompt has the
 * log-probability and alternatives null, a completion's chunk before the last has the finish_reason null, and an embedding asked for in
 * base64 is text.
 */
function readDocument(): Document {
  const document = withoutNullable(JSON.parse(readFileSync(DOCUMENT, 'utf8'))) as Document;
  const { Embedding: embedding, CreateCompletionResponse: completion } = document.components.schemas;
  if (embedding?.properties !== undefined) embedding.properties.embedding = { anyOf: [embedding.properties.embedding, { type: 'string' }] };
  const text = JSON.stringify(completion)
    .replace(/("finish_reason":\{"type":)"string"(.*?"enum":\[)/, '$1["string","null"]$2null,')
    .replace(/("token_logprobs":\{"type":"array","items":\{"type":)"number"/, '$1["number","null"]')
    .replace(/("top_logprobs":\{"type":"array","items":\{"type":)"object"/, '$1["object","null"]');
  document.components.schemas.CreateCompletionResponse = JSON.parse(text) as Document['components']['schemas'][string];
  return document;
}

/** OpenAPI 3.0's `nullable` stands in places of a 3.1 document where no type does, which ajv refuses: it is written as 3.1 has it. */
function withoutNullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullable);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNullable(item)]));
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : nullable === undefined ? rest : { ...rest, nullable };
}

/** The schema of one kind of a response's events: a clearer judge than the union of all. */
function eventSchema({ components }: Document, type: string | undefined): string {
  const found = Object.entries(components.schemas).find(([name, { properties }]) => {
    return name.endsWith('Event') && (properties?.type as { enum?: string[] } | undefined)?.enum?.[0] === type;
  });
  return found?.[0] ?? 'ResponseStreamEvent';
}
