// `npm start [-- flags of pol-node devnet]`: installs and builds what is missing, then runs a local network.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureDependencies, main, root } from './bootstrap.mjs';

await main(async () => {
  await ensureDependencies();
  await ensureBuilt();
});
// In this process, not in a child: Ctrl-C reaches the network's own handler directly, and npm waits for it.
const program = join(root, 'bin', 'pol-node.mjs');
process.argv = [process.execPath, program, 'devnet', ...process.argv.slice(2)];
await import(pathToFileURL(program).href);
