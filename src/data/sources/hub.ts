import { z } from 'zod';
import { messageOf } from '../../primitives/errors.ts';
import { dataError } from '../errors.ts';
import { type DownloadDependencies, retryAfterMs } from './download.ts';
import { FIRST_PAUSE_MS, MAX_FRUITLESS_ATTEMPTS, MAX_HUB_FILES, MAX_LISTING_BYTES, MAX_PAUSE_MS } from './limits.ts';

/*
 * Data sets of a Hugging Face hub, by its API: revisions, trees, and the branch on which the hub keeps every data set as Parquet
 * (huggingface.co/docs/hub/api, huggingface.co/docs/dataset-viewer/parquet).
 */

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const PARQUET_BRANCH = 'refs/convert/parquet';
const MAIN_BRANCH = 'main';

/** `hf://datasets/NAME[@REVISION][/CONFIG][/SPLIT][:COLUMN]` */
export interface HubSource {
  readonly name: string;
  /** Commit, of the branch the files are taken from; undefined: its newest. */
  readonly revision: string | undefined;
  readonly config: string | undefined;
  readonly split: string;
  readonly column: string | undefined;
}

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal; of files that the hub keeps outside of git, as it does large ones. */
  readonly sha256: string | undefined;
  readonly url: string;
}

export interface HubOptions {
  /** HF_ENDPOINT; huggingface.co when left out. */
  readonly endpoint?: string | undefined;
  /** HF_TOKEN. */
  readonly token?: string | undefined;
}

const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Names of data sets are OWNER/NAME; old ones are a single word. A path of one or two parts is a name; further ones are the configuration
 * and the split, or with a single further one the split or the configuration, as the listing has it.
 * @throws DATA_SOURCE_NOT_FOUND
 */
export function parseHubSource(source: string): HubSource & { readonly rest: readonly string[] } {
  const [, path = '', column] = /^hf:\/\/datasets\/([^:]+)(?::(.+))?$/.exec(source) ?? [];
  const at = path.indexOf('@');
  const parts = path.split('/');
  // The revision stands behind the name, so it says where the name ends; without one, names have an owner.
  const nameParts = at >= 0 ? path.slice(0, at).split('/').length : Math.min(2, parts.length);
  const [last = '', revision] = (parts[nameParts - 1] ?? '').split('@');
  const name = [...parts.slice(0, nameParts - 1), last].join('/');
  const rest = parts.slice(nameParts);
  if (!/^[\w.-]+(?:\/[\w.-]+)?$/.test(name) || rest.length > 2 || rest.some((part) => part === '')) {
    throw dataError('DATA_SOURCE_NOT_FOUND', `"${source}" is not hf://datasets/OWNER/NAME[@REVISION][/CONFIG][/SPLIT][:COLUMN]`);
  }
  const [config, split] = rest.length === 2 ? rest : [undefined, rest[0]];
  return { name, revision, config, split: split ?? 'train', column, rest };
}

/** The source with its commit, so that another machine, and a later day, read the same bytes. */
export function hubSourceText({ name, revision, config, split, column }: HubSource): string {
  const path = [...(config === undefined ? [] : [config]), split].join('/');
  return `hf://datasets/${name}${revision === undefined ? '' : `@${revision}`}/${path}${column === undefined ? '' : `:${column}`}`;
}

const revisionSchema = z.object({ sha: z.string().regex(COMMIT) });
const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().nonnegative(),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().nonnegative() }).optional(),
  }),
);

/**
 * The files of a data set's split at one commit: the hub's Parquet files or, where it has made none, the repository's own
 * (.parquet, .jsonl, .txt) whose path names the split.
 * @throws DATA_SOURCE_NOT_FOUND naming what there is instead; DATA_DOWNLOAD_FAILED
 */
export async function listHubFiles(
  wanted: HubSource & { readonly rest: readonly string[] },
  options: HubOptions,
  dependencies: DownloadDependencies,
): Promise<{ readonly source: HubSource; readonly files: readonly HubFile[] }> {
  const api = createApi(options, dependencies);
  const converted = await api.commit(wanted.name, wanted.revision ?? PARQUET_BRANCH);
  const commit = converted ?? (wanted.revision === undefined ? await api.commit(wanted.name, MAIN_BRANCH) : undefined);
  if (commit === undefined) {
    throw dataError(
      'DATA_SOURCE_NOT_FOUND',
      `the hub has no data set ${wanted.name}${wanted.revision === undefined ? '' : ` at ${wanted.revision}`}, or it is private: set HF_TOKEN to a token that may read it`,
    );
  }
  const tree = await api.tree(wanted.name, commit);
  const { config, split, files } = choose(wanted, tree);
  return {
    source: { name: wanted.name, revision: commit, config, split, column: wanted.column },
    files: files.map((file) => ({
      path: file.path,
      bytes: file.lfs?.size ?? file.size,
      sha256: file.lfs?.oid,
      url: api.url(`datasets/${wanted.name}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`),
    })),
  };
}

type Tree = z.infer<typeof treeSchema>;

const READABLE = /\.(?:parquet|jsonl|ndjson|txt)$/i;

function choose(wanted: HubSource & { readonly rest: readonly string[] }, tree: Tree) {
  const files = tree.filter(({ type, path }) => type === 'file' && READABLE.test(path));
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  // The converted branch's paths are CONFIG/SPLIT/0000.parquet; a part of a large data set lies in CONFIG/partial-SPLIT.
  const places = new Map<string, Tree>();
  for (const file of files) {
    const [config, folder, ...more] = file.path.split('/');
    if (config === undefined || folder === undefined || more.length !== 1) continue;
    const key = `${config}/${folder.replace(/^partial-/, '')}`;
    places.set(key, [...(places.get(key) ?? []), file]);
  }
  const configs = [...new Set([...places.keys()].map((key) => key.split('/')[0] as string))];
  let { config, split } = wanted;
  // One further part of the path may be a configuration.
  if (config === undefined && wanted.rest.length === 1 && configs.includes(split)) [config, split] = [split, 'train'];
  config ??= configs.includes('default') ? 'default' : configs.length === 1 ? configs[0] : undefined;
  const found = config === undefined ? undefined : places.get(`${config}/${split}`);
  if (found !== undefined) return { config, split, files: found };
  const own = files.filter(({ path }) =>
    path
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .includes(split.toLowerCase()),
  );
  if (places.size === 0 && own.length > 0) return { config: undefined, split, files: own };
  const there =
    places.size > 0
      ? [...places.keys()].join(', ')
      : files
          .map(({ path }) => path)
          .slice(0, 20)
          .join(', ');
  throw dataError(
    'DATA_SOURCE_NOT_FOUND',
    `data set ${wanted.name} has no ${wanted.config === undefined ? '' : `${wanted.config}/`}${wanted.split}; it has: ${there || 'no Parquet, JSONL or text files'}`,
  );
}

function createApi({ endpoint, token }: HubOptions, { fetch, clock, signal }: DownloadDependencies) {
  const base = (endpoint ?? DEFAULT_ENDPOINT).replace(/\/+$/, '');

  async function json(path: string): Promise<{ readonly document: unknown; readonly next: string | undefined } | undefined> {
    let failure = '';
    for (let tries = 0; tries < MAX_FRUITLESS_ATTEMPTS; tries++) {
      signal?.throwIfAborted();
      let waitMs: number | undefined;
      try {
        const response = await fetch(path, { headers: authorisation(token), ...(signal === undefined ? {} : { signal }) });
        if (response.status === 404 || response.status === 401) {
          await response.body?.cancel();
          return undefined;
        }
        if (response.ok) return { document: JSON.parse(await textOf(response)), next: nextOf(response) };
        waitMs = retryAfterMs(response, path);
        await response.body?.cancel();
        failure = `HTTP ${response.status}`;
        if (response.status < 500 && response.status !== 429) break;
      } catch (error) {
        if (signal?.aborted) throw error;
        failure = messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
      }
      await new Promise<void>((resolve) => clock.after(waitMs ?? Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries), resolve));
    }
    throw dataError('DATA_DOWNLOAD_FAILED', `${path}: ${failure}; is HF_ENDPOINT a hub?`);
  }

  return {
    url: (path: string) => `${base}/${path}`,
    /** The commit a branch is at; undefined when there is no such data set or branch. */
    async commit(name: string, revision: string): Promise<string | undefined> {
      const answer = await json(`${base}/api/datasets/${name}/revision/${encodeURIComponent(revision)}`);
      if (answer === undefined) return undefined;
      const parsed = revisionSchema.safeParse(answer.document);
      if (!parsed.success) throw dataError('DATA_DOWNLOAD_FAILED', `${base} does not answer as a hub does; is HF_ENDPOINT right?`);
      return parsed.data.sha;
    },
    async tree(name: string, commit: string): Promise<Tree> {
      const files: Tree[number][] = [];
      let path: string | undefined = `${base}/api/datasets/${name}/tree/${commit}?recursive=true`;
      while (path !== undefined) {
        const answer = await json(path);
        const parsed = treeSchema.safeParse(answer?.document);
        if (!parsed.success) throw dataError('DATA_DOWNLOAD_FAILED', `${path} does not list files as a hub does`);
        files.push(...parsed.data);
        if (files.length > MAX_HUB_FILES) throw dataError('DATA_DOWNLOAD_FAILED', `data set ${name} has more than ${MAX_HUB_FILES} files`);
        // A hub sends pages; a page of another server is none of it.
        path = answer?.next?.startsWith(`${base}/`) ? answer.next : undefined;
      }
      return files;
    },
  };
}

export function authorisation(token: string | undefined): Record<string, string> {
  return token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
}

/** The next page (RFC 8288). */
function nextOf(response: Response): string | undefined {
  return /<([^>]+)>\s*;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_LISTING_BYTES)
      throw dataError('DATA_DOWNLOAD_FAILED', `${response.url} answers with more than ${MAX_LISTING_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
