// `npm run fuzz -- --target NAME --seconds 600 [--seed 1]`: gives a decoder changed inputs for so many seconds of work (pauses do not
// count), led by coverage. Ends with 1 at the first input that breaks a rule (test/fuzz/target.ts), and prints it: put it into
// test/vectors/fuzz/found.json with the mending.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureDependencies, main, root } from './bootstrap.mjs';
import { readFlags } from './flags.mjs';

const values = readFlags(import.meta.url, {
  target: { type: 'string' },
  seconds: { type: 'string', default: '600' },
  seed: { type: 'string', default: '1' },
});
await main(async () => {
  if (values.target === undefined) throw new Error('say --target NAME: one of test/fuzz/targets.ts');
  if (!(Number(values.seconds) > 0)) throw new Error('--seconds takes a number above 0');
  await ensureDependencies();
});
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const environment = { ...process.env, POL_FUZZ_TARGET: values.target, POL_FUZZ_SECONDS: values.seconds, POL_FUZZ_SEED: values.seed };
const child = spawn(process.execPath, [vitest, 'run', 'test/fuzz/long.test.ts', '--disable-console-intercept'], {
  cwd: root,
  stdio: 'inherit',
  env: environment,
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
