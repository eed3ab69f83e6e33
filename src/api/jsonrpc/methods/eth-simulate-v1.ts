import type { RpcMethod } from '../handler.ts';
import { parseBlock } from '../parse.ts';
import { parseSimulation, simulatedBlockJson } from '../simulations.ts';

/** Blocks of calls on a block’s state, made and forgotten. */
export const ethSimulateV1: RpcMethod = {
  name: 'eth_simulateV1',
  async call([payload, block], { view }) {
    const { simulation, returnFullTransactions } = parseSimulation(payload, 'payload');
    const blocks = await view.execution.simulate(simulation, parseBlock(block, 'block'));
    return blocks.map((simulated) => simulatedBlockJson(simulated, returnFullTransactions));
  },
};
