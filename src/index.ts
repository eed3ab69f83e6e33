/**
 * pol-node as a library: start a node inside another program, and read what it knows.
 *
 * @example
 * const node = await startNode({ config: loadConfig({ flags: { training_enabled: true }, workingDirectory: '.' }), log: silentLogger });
 * console.log(node.apiUrl, node.view.chain.head().height);
 * await node.stop();
 */
export type { NodeView } from './chain/view.ts';
export { startNode } from './node/node.ts';
export type { RunningNode, StartNodeOptions } from './node/running-node.ts';
export { type Genesis, genesisHash, parseGenesis } from './params/genesis.ts';
export { type ConfigSources, loadConfig } from './params/load-config.ts';
export type { NodeConfig } from './params/node-config.ts';
export { isPolError, PolError } from './primitives/errors.ts';
export { type Logger, silentLogger } from './primitives/log.ts';
