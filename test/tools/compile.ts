import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Abi, Hex } from 'viem';

const require = createRequire(import.meta.url);
const solc = require('solc') as { compile(input: string): string };

export interface Compiled {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

/** Compiles one contract of a Solidity file with the npm build of the compiler, for the rules this chain has. */
export function compileContract(file: URL, name: string): Compiled {
  const input = {
    language: 'Solidity',
    sources: { [name]: { content: readFileSync(file, 'utf8') } },
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
  const contract = output.contracts?.[name]?.[name];
  if (failures.length > 0 || contract === undefined) {
    throw new Error(failures.map(({ formattedMessage }) => formattedMessage).join('\n') || `${name} is not in its file`);
  }
  return { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
}
