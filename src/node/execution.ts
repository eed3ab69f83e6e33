import { readFile } from 'node:fs/promises';
import { createExecutionEngine } from '../execution/create-engine.ts';
import type { ExecutionEngine } from '../execution/engine.ts';
import { createExternalEngine } from '../execution/external/create-external-engine.ts';
import { createEngineRpc } from '../execution/external/engine-rpc.ts';
import { parseJwtSecret } from '../execution/external/jwt.ts';
import type { SenderRecovery } from '../execution/senders.ts';
import type { Genesis } from '../params/genesis.ts';
import type { NodeConfig } from '../params/node-config.ts';
import type { Clock } from '../primitives/clock.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { nodeError } from './errors.ts';

/** The embedded execution layer, or the external client that the configuration names. @throws NODE_FILE, EXECUTION_* */
export async function openExecution(
  config: Pick<NodeConfig, 'execution_engine' | 'execution_rpc' | 'jwt_secret'>,
  genesis: Genesis,
  dependencies: { readonly store: KeyValueStore; readonly recovery: SenderRecovery; readonly clock: Clock; readonly log: Logger },
): Promise<ExecutionEngine> {
  if (config.execution_engine === undefined) return createExecutionEngine({ genesis }, dependencies);
  const jwtSecret = await readSecret(config.jwt_secret);
  const { clock, log } = dependencies;
  const rpc = createEngineRpc({ url: config.execution_engine, jwtSecret }, { now: clock.now });
  if (config.execution_rpc === undefined) {
    throw nodeError(
      'NODE_FILE',
      'execution_engine needs execution_rpc too: the JSON-RPC port of the same client, for balances and receipts',
    );
  }
  const questions = createEngineRpc({ url: config.execution_rpc, jwtSecret }, { now: clock.now });
  const engine = await createExternalEngine({ genesis }, { ...dependencies, rpc, questions });
  log.info({ client: config.execution_engine, number: engine.head.number }, 'an external execution client executes blocks');
  return engine;
}

async function readSecret(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined)
    throw nodeError('NODE_FILE', 'execution_engine needs jwt_secret too: the file that the execution client was given');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw nodeError('NODE_FILE', `jwt_secret ${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  const secret = parseJwtSecret(text);
  if (secret === undefined)
    throw nodeError('NODE_FILE', `jwt_secret ${file} must hold 32 bytes in hexadecimal: make one with openssl rand -hex 32`);
  return secret;
}
