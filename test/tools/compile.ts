import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import type { Abi, Hex } from 'viem';

/** The project's compiler: one of the tools brings an older one along. */
const require = createRequire(new URL('../../package.json', import.meta.url));
const solc = require('solc') as { compile(input: string): string; version(): string };
/** For programs that load it themselves. */
export const COMPILER = { file: require.resolve('solc/soljson.js'), version: solc.version().split('+')[0] ?? '' };

export interface Compiled {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

/**
 * Compiles the contract that a Solidity file is named after, with the npm build of the compiler and for the rules this chain has.
 * @param imports the files that it imports, all of them below one folder
 */
export function compileContract(file: URL, imports: readonly URL[] = []): Compiled {
  const name = basename(file.pathname, '.sol');
  const input = {
    language: 'Solidity',
    // Imports are relative, and their paths are the files' own.
    sources: Object.fromEntries([file, ...imports].map((each) => [each.pathname, { content: readFileSync(each, 'utf8') }])),
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as {
    readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
    readonly contracts?: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
  };
  const failures = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  const contract = output.contracts?.[file.pathname]?.[name];
  if (failures.length > 0 || contract === undefined) {
    throw new Error(failures.map(({ formattedMessage }) => formattedMessage).join('\n') || `${name} is not in its file`);
  }
  return { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
}
