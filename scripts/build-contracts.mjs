// Builds src/contracts/artifacts.ts, which is committed, from contracts/*.sol with the pinned npm build of solc: the same bytes everywhere.
// Usage: node scripts/build-contracts.mjs [--check]     --check: compares with the committed file instead of writing it
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const solc = createRequire(import.meta.url)('solc');
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, 'src', 'contracts', 'artifacts.ts');
const CONTRACTS = ['Stake', 'Training'];

function compile() {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(
      CONTRACTS.map((name) => [`${name}.sol`, { content: readFileSync(join(root, 'contracts', `${name}.sol`), 'utf8') }]),
    ),
    settings: {
      // The chain's rules; and no hash of the sources' comments at the end of the code.
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 10_000 },
      metadata: { appendCBOR: false, bytecodeHash: 'none' },
      outputSelection: { '*': { '*': ['abi', 'evm.deployedBytecode.object', 'evm.methodIdentifiers'] } },
    },
  };
  const result = JSON.parse(solc.compile(JSON.stringify(input)));
  const problems = (result.errors ?? []).map(({ formattedMessage }) => formattedMessage);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return CONTRACTS.map((name) => ({ name, ...result.contracts[`${name}.sol`][name] }));
}

/** What clients need of an entry: Solidity's names of types (`internalType`) say nothing to them. */
function withoutInternalTypes(value) {
  if (Array.isArray(value)) return value.map(withoutInternalTypes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'internalType')
      .map(([key, item]) => [key, withoutInternalTypes(item)]),
  );
}

function moduleOf(contracts) {
  const parts = contracts.map(({ name, abi, evm }) => {
    const constant = name.toUpperCase();
    return [
      `/** contracts/${name}.sol: its ABI, for viem and others as it is. */`,
      `export const ${constant}_ABI = ${JSON.stringify(withoutInternalTypes(abi), undefined, 2)} as const;`,
      `/** First four bytes of a call, by signature. */`,
      `export const ${constant}_SELECTORS = ${JSON.stringify(evm.methodIdentifiers, undefined, 2)} as const;`,
      `/** The code at its address. */`,
      `export const ${constant}_CODE =\n  '0x${evm.deployedBytecode.object}';`,
    ].join('\n');
  });
  return `// Made by scripts/build-contracts.mjs from contracts/: change those, and run it.\n${parts.join('\n\n')}\n`;
}

const text = moduleOf(compile());
if (process.argv.includes('--check')) {
  if (readFileSync(output, 'utf8') !== text) {
    console.error(
      'src/contracts/artifacts.ts is not what contracts/ builds to; run node scripts/build-contracts.mjs and commit the result',
    );
    process.exitCode = 1;
  } else {
    console.log('src/contracts/artifacts.ts is up to date');
  }
} else {
  writeFileSync(output, text);
  console.log(`src/contracts/artifacts.ts: ${text.length} characters`);
}
