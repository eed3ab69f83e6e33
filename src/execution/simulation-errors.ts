import { errorDomain } from '../primitives/errors.ts';

/** Why a simulation ends: the JSON-RPC codes are eth_simulateV1's own. */
export const simulationError = errorDomain({
  EXECUTION_SIMULATION_NONCE_LOW: { explanation: 'A call’s nonce was used.', http: 400, jsonRpc: -38010 },
  EXECUTION_SIMULATION_NONCE_HIGH: { explanation: 'A call’s nonce leaves a gap.', http: 400, jsonRpc: -38011 },
  EXECUTION_SIMULATION_FEE_LOW: { explanation: 'A call offers less than the block’s base fee.', http: 400, jsonRpc: -38012 },
  EXECUTION_SIMULATION_INTRINSIC_GAS: { explanation: 'A call’s gas does not pay for its bytes.', http: 400, jsonRpc: -38013 },
  EXECUTION_SIMULATION_FUNDS: { explanation: 'A caller cannot pay value and gas.', http: 400, jsonRpc: -38014 },
  EXECUTION_SIMULATION_BLOCK_GAS: { explanation: 'A block’s calls want more gas than it has.', http: 400, jsonRpc: -38015 },
  EXECUTION_SIMULATION_NUMBER_ORDER: { explanation: 'Block numbers do not rise.', http: 400, jsonRpc: -38020 },
  EXECUTION_SIMULATION_TIME_ORDER: { explanation: 'Block times do not rise.', http: 400, jsonRpc: -38021 },
  EXECUTION_SIMULATION_INIT_CODE: { explanation: 'A call’s init code is too long.', http: 400, jsonRpc: -38025 },
  EXECUTION_SIMULATION_TOO_LARGE: { explanation: 'More blocks or calls than MAX_SIMULATED_…', http: 400, jsonRpc: -38026 },
  EXECUTION_SIMULATION_NONCE_MAX: { explanation: 'A nonce cannot rise any more.', http: 400, jsonRpc: -32603 },
});
