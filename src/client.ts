/**
 * pol-node for applications: the system contracts' addresses and ABIs, for viem, ethers and others as they are, and a small typed
 * client of its own for any EIP-1193 provider. It imports neither Node nor a package, so a page can load it.
 */
export { STAKE_CONTRACT, TRAINING_CONTRACT } from './contracts/addresses.ts';
export { STAKE_ABI, TRAINING_ABI } from './contracts/artifacts.ts';
export { type ContractClient, createStakeClient, createTrainingClient, type Provider } from './contracts/client.ts';
