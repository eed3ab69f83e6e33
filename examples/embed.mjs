// A node inside another program. Run after `npm run build`: node examples/embed.mjs
import { loadConfig, silentLogger, startNode } from 'pol-node';

const config = loadConfig({ flags: { training_enabled: true, data_dir: './data/embedded' }, workingDirectory: process.cwd() });
const node = await startNode({ config, log: silentLogger });
console.log(`APIs at ${node.apiUrl}; height ${node.view.chain.head().height}`);
await node.stop();
