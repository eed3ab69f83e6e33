#!/usr/bin/env node
// The compiler's npm build behind the command line that Foundry speaks to: --version and --standard-json. Foundry would download one.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(new URL('../../package.json', import.meta.url))('solc');

if (process.argv.includes('--version')) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else {
  process.stderr.write('solc: only --version and --standard-json\n');
  process.exitCode = 1;
}
