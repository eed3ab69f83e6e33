// A project as its developers have it, but that the compiler is the npm build at hand: Hardhat would download one.
const { subtask } = require('hardhat/config');
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require('hardhat/builtin-tasks/task-names');

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, () => ({
  compilerPath: process.env.SOLC_JS,
  isSolcJs: true,
  version: process.env.SOLC_VERSION,
  longVersion: process.env.SOLC_VERSION,
}));

module.exports = {
  solidity: { version: process.env.SOLC_VERSION, settings: { evmVersion: 'cancun', optimizer: { enabled: true } } },
  paths: { sources: './contracts' },
  networks: { pol: { url: process.env.NODE_URL, accounts: [process.env.PRIVATE_KEY] } },
};
