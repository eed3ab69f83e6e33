import { runCli } from './run-cli.ts';
import { systemIo } from './system-io.ts';

// A reader that closes early (`pol-node status | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const code = await runCli(process.argv.slice(2), systemIo());
// Output to a pipe may still be on its way when the command is done.
process.stdout.write('', () => process.exit(code));
