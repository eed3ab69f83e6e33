import { cliError } from './errors.ts';
import type { Io } from './io.ts';

/** What a node's HTTP interface answers. @throws CLI_UNREACHABLE, CLI_REFUSED with what the node says */
export async function fetchFromNode(url: string, io: Io): Promise<Response> {
  let response: Response;
  try {
    response = await io.fetch(url);
  } catch (cause) {
    throw cliError('CLI_UNREACHABLE', `no node answers at ${url}; name one with --port or --url`, { cause });
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
  throw cliError('CLI_REFUSED', body?.error?.message ?? `HTTP ${response.status} from ${url}`);
}
