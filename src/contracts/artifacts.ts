// Made by scripts/build-contracts.mjs from contracts/: change those, and run it.
/** contracts/Stake.sol: its ABI, for viem and others as it is. */
export const STAKE_ABI = [
  {
    "inputs": [],
    "name": "BlockFull",
    "type": "error"
  },
  {
    "inputs": [
      {
        "name": "least",
        "type": "uint256"
      }
    ],
    "name": "DepositTooSmall",
    "type": "error"
  },
  {
    "inputs": [],
    "name": "NothingAskedBack",
    "type": "error"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "name": "account",
        "type": "address"
      },
      {
        "indexed": false,
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "Deposited",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "name": "account",
        "type": "address"
      },
      {
        "indexed": false,
        "name": "amountInGwei",
        "type": "uint64"
      }
    ],
    "name": "ExitRequested",
    "type": "event"
  },
  {
    "inputs": [],
    "name": "MAX_REQUESTS",
    "outputs": [
      {
        "name": "",
        "type": "uint256"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "deposit",
    "outputs": [],
    "stateMutability": "payable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "account",
        "type": "address"
      }
    ],
    "name": "depositFor",
    "outputs": [],
    "stateMutability": "payable",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "minimumDeposit",
    "outputs": [
      {
        "name": "",
        "type": "uint256"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "amountInGwei",
        "type": "uint64"
      }
    ],
    "name": "requestExit",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "requests",
    "outputs": [
      {
        "components": [
          {
            "name": "account",
            "type": "address"
          },
          {
            "name": "isExit",
            "type": "bool"
          },
          {
            "name": "amount",
            "type": "uint256"
          }
        ],
        "name": "found",
        "type": "tuple[]"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "stateMutability": "payable",
    "type": "receive"
  }
] as const;
/** First four bytes of a call, by signature. */
export const STAKE_SELECTORS = {
  "MAX_REQUESTS()": "93521222",
  "deposit()": "d0e30db0",
  "depositFor(address)": "aa67c919",
  "minimumDeposit()": "636bfbab",
  "requestExit(uint64)": "26504f2c",
  "requests()": "b74cb2db"
} as const;
/** The code at its address. */
export const STAKE_CODE =
  '0x608060405260043610610066575f3560e01c8063aa67c91911610041578063aa67c919146100d0578063b74cb2db146100e3578063d0e30db014610104575f5ffd5b806326504f2c1461007a578063636bfbab1461009957806393521222146100bb575f5ffd5b36610076576100743361010c565b005b5f5ffd5b348015610085575f5ffd5b5061007461009436600461057b565b6101ec565b3480156100a4575f5ffd5b505f545b6040519081526020015b60405180910390f35b3480156100c6575f5ffd5b506100a861010081565b6100746100de3660046105a9565b61029a565b3480156100ee575f5ffd5b506100f76102a6565b6040516100b291906105dc565b610074610402565b5f54341080610119575034155b1561015e575f546040517fef36cff900000000000000000000000000000000000000000000000000000000815260040161015591815260200190565b60405180910390fd5b61019960405180606001604052808373ffffffffffffffffffffffffffffffffffffffff1681526020015f151581526020013481525061040d565b8073ffffffffffffffffffffffffffffffffffffffff167f2da466a7b24304f47e87fa2e1e5a81b9831ce54fec19055ce277ca2f39ba42c4346040516101e191815260200190565b60405180910390a250565b8067ffffffffffffffff165f0361022f576040517ff115281b00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b604080516060810182523381526001602082015267ffffffffffffffff83169181019190915261025e9061040d565b60405167ffffffffffffffff8216815233907f12af565fbdd53c6be7b24b4d08750ab523585c012527663059a728d6bf640d51906020016101e1565b6102a38161010c565b50565b60015460609067ffffffffffffffff1643146102c2575f6102dc565b60015468010000000000000000900467ffffffffffffffff165b67ffffffffffffffff1667ffffffffffffffff8111156102fe576102fe610652565b60405190808252806020026020018201604052801561036657816020015b604080516060810182525f80825260208083018290529282015282527fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff90920191018161031c5790505b5090505f5b81518110156103fe575f818152600260209081526040918290208251606081018452815473ffffffffffffffffffffffffffffffffffffffff8116825274010000000000000000000000000000000000000000900460ff16151592810192909252600101549181019190915282518390839081106103eb576103eb61067f565b602090810291909101015260010161036b565b5090565b61040b3361010c565b565b6001545f9067ffffffffffffffff164314610428575f610442565b60015468010000000000000000900467ffffffffffffffff165b90506101008167ffffffffffffffff1603610489576040517fc365ff1500000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b67ffffffffffffffff8082165f908152600260209081526040918290208551815492870151151574010000000000000000000000000000000000000000027fffffffffffffffffffffff00000000000000000000000000000000000000000090931673ffffffffffffffffffffffffffffffffffffffff90911617919091178155908401516001918201558054439092167fffffffffffffffffffffffffffffffffffffffffffffffff000000000000000090921691909117815561054f9082906106ac565b600160086101000a81548167ffffffffffffffff021916908367ffffffffffffffff1602179055505050565b5f6020828403121561058b575f5ffd5b813567ffffffffffffffff811681146105a2575f5ffd5b9392505050565b5f602082840312156105b9575f5ffd5b813573ffffffffffffffffffffffffffffffffffffffff811681146105a2575f5ffd5b602080825282518282018190525f918401906040840190835b8181101561064757835173ffffffffffffffffffffffffffffffffffffffff815116845260208101511515602085015260408101516040850152506060830192506020840193506001810190506105f5565b509095945050505050565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b7f4e487b71000000000000000000000000000000000000000000000000000000005f52603260045260245ffd5b67ffffffffffffffff81811683821601908111156106f1577f4e487b71000000000000000000000000000000000000000000000000000000005f52601160045260245ffd5b9291505056';

/** contracts/Training.sol: its ABI, for viem and others as it is. */
export const TRAINING_ABI = [
  {
    "inputs": [
      {
        "name": "number",
        "type": "uint256"
      },
      {
        "name": "trainer",
        "type": "address"
      }
    ],
    "name": "ProofUnknown",
    "type": "error"
  },
  {
    "inputs": [
      {
        "name": "number",
        "type": "uint256"
      }
    ],
    "name": "RoundUnknown",
    "type": "error"
  },
  {
    "inputs": [],
    "name": "RING",
    "outputs": [
      {
        "name": "",
        "type": "uint256"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "burned",
    "outputs": [
      {
        "name": "",
        "type": "uint256"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "largestReward",
    "outputs": [
      {
        "name": "",
        "type": "uint256"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "minted",
    "outputs": [
      {
        "name": "",
        "type": "uint256"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "modelRoot",
    "outputs": [
      {
        "name": "",
        "type": "bytes32"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "openRound",
    "outputs": [
      {
        "name": "number",
        "type": "uint64"
      },
      {
        "name": "sealsAt",
        "type": "uint64"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "number",
        "type": "uint256"
      },
      {
        "name": "trainer_",
        "type": "address"
      }
    ],
    "name": "proof",
    "outputs": [
      {
        "components": [
          {
            "name": "trainer",
            "type": "address"
          },
          {
            "name": "outcome",
            "type": "uint8"
          },
          {
            "name": "segments",
            "type": "uint32"
          },
          {
            "name": "tokens",
            "type": "uint48"
          },
          {
            "name": "reward",
            "type": "uint256"
          },
          {
            "name": "updateHash",
            "type": "bytes32"
          }
        ],
        "name": "",
        "type": "tuple"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "number",
        "type": "uint256"
      },
      {
        "name": "place",
        "type": "uint256"
      }
    ],
    "name": "proofAt",
    "outputs": [
      {
        "components": [
          {
            "name": "trainer",
            "type": "address"
          },
          {
            "name": "outcome",
            "type": "uint8"
          },
          {
            "name": "segments",
            "type": "uint32"
          },
          {
            "name": "tokens",
            "type": "uint48"
          },
          {
            "name": "reward",
            "type": "uint256"
          },
          {
            "name": "updateHash",
            "type": "bytes32"
          }
        ],
        "name": "",
        "type": "tuple"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "number",
        "type": "uint256"
      }
    ],
    "name": "round",
    "outputs": [
      {
        "components": [
          {
            "name": "number",
            "type": "uint64"
          },
          {
            "name": "settledAt",
            "type": "uint64"
          },
          {
            "name": "proofs",
            "type": "uint32"
          },
          {
            "name": "accepted",
            "type": "uint32"
          },
          {
            "name": "tokens",
            "type": "uint64"
          },
          {
            "name": "modelRoot",
            "type": "bytes32"
          },
          {
            "name": "minted",
            "type": "uint256"
          }
        ],
        "name": "found",
        "type": "tuple"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "settledRounds",
    "outputs": [
      {
        "name": "",
        "type": "uint64"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "account",
        "type": "address"
      }
    ],
    "name": "stakeOf",
    "outputs": [
      {
        "components": [
          {
            "name": "account",
            "type": "address"
          },
          {
            "name": "offences",
            "type": "uint32"
          },
          {
            "name": "unbondsAt",
            "type": "uint64"
          },
          {
            "name": "bonded",
            "type": "uint256"
          },
          {
            "name": "unbonding",
            "type": "uint256"
          }
        ],
        "name": "found",
        "type": "tuple"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "account",
        "type": "address"
      }
    ],
    "name": "trainer",
    "outputs": [
      {
        "components": [
          {
            "name": "account",
            "type": "address"
          },
          {
            "name": "accepted",
            "type": "uint32"
          },
          {
            "name": "rejected",
            "type": "uint32"
          },
          {
            "name": "reputation",
            "type": "uint32"
          },
          {
            "name": "earned",
            "type": "uint256"
          }
        ],
        "name": "found",
        "type": "tuple"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "place",
        "type": "uint256"
      }
    ],
    "name": "trainerAt",
    "outputs": [
      {
        "components": [
          {
            "name": "account",
            "type": "address"
          },
          {
            "name": "accepted",
            "type": "uint32"
          },
          {
            "name": "rejected",
            "type": "uint32"
          },
          {
            "name": "reputation",
            "type": "uint32"
          },
          {
            "name": "earned",
            "type": "uint256"
          }
        ],
        "name": "found",
        "type": "tuple"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "trainerCount",
    "outputs": [
      {
        "name": "",
        "type": "uint32"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  }
] as const;
/** First four bytes of a call, by signature. */
export const TRAINING_SELECTORS = {
  "RING()": "ff37656e",
  "burned()": "73f42561",
  "largestReward()": "02ecfe0f",
  "minted()": "4f02c420",
  "modelRoot()": "cefa1a6f",
  "openRound()": "e562dfd9",
  "proof(uint256,address)": "056fe3e0",
  "proofAt(uint256,uint256)": "205a094e",
  "round(uint256)": "34d5f37b",
  "settledRounds()": "52e8723c",
  "stakeOf(address)": "42623360",
  "trainer(address)": "46dcbd63",
  "trainerAt(uint256)": "eaf7f6d3",
  "trainerCount()": "66739d5b"
} as const;
/** The code at its address. */
export const TRAINING_CODE =
  '0x608060405234801561000f575f5ffd5b50600436106100e5575f3560e01c806352e8723c11610088578063cefa1a6f11610063578063cefa1a6f14610344578063e562dfd91461034d578063eaf7f6d31461037c578063ff37656e1461038f575f5ffd5b806352e8723c146102c957806366739d5b1461030257806373f425611461033b575f5ffd5b806334d5f37b116100c357806334d5f37b1461013857806342623360146101ca57806346dcbd63146102445780634f02c420146102c0575f5ffd5b806302ecfe0f146100e9578063056fe3e014610105578063205a094e14610125575b5f5ffd5b6100f260045481565b6040519081526020015b60405180910390f35b610118610113366004610d84565b610398565b6040516100fc9190610ddb565b610118610133366004610e7f565b6105e7565b61014b610146366004610e9f565b61076b565b6040516100fc91905f60e08201905067ffffffffffffffff835116825267ffffffffffffffff602084015116602083015263ffffffff604084015116604083015263ffffffff606084015116606083015267ffffffffffffffff608084015116608083015260a083015160a083015260c083015160c083015292915050565b6101dd6101d8366004610eb6565b610904565b6040516100fc91905f60a08201905073ffffffffffffffffffffffffffffffffffffffff835116825263ffffffff602084015116602083015267ffffffffffffffff6040840151166040830152606083015160608301526080830151608083015292915050565b610257610252366004610eb6565b610aa6565b6040516100fc91905f60a08201905073ffffffffffffffffffffffffffffffffffffffff835116825263ffffffff602084015116602083015263ffffffff604084015116604083015263ffffffff60608401511660608301526080830151608083015292915050565b6100f260025481565b5f54700100000000000000000000000000000000900467ffffffffffffffff1660405167ffffffffffffffff90911681526020016100fc565b5f547801000000000000000000000000000000000000000000000000900463ffffffff1660405163ffffffff90911681526020016100fc565b6100f260035481565b6100f260015481565b5f546040805167ffffffffffffffff8084168252680100000000000000009093049092166020830152016100fc565b61025761038a366004610e9f565b610c52565b6100f261200081565b6040805160c0810182525f80825260208201819052918101829052606081018290526080810182905260a08101919091525f60206103d861200086610f03565b901b90505f5f5f6103e88761076b565b6040015163ffffffff16915091505b8082101561058b575f600261040c8385610f16565b6104169190610f4e565b8481175f9081526006602052604090205490915073ffffffffffffffffffffffffffffffffffffffff908116908716810361053a578185175f90815260066020908152604091829020825160c08101909352805473ffffffffffffffffffffffffffffffffffffffff81168452909183019074010000000000000000000000000000000000000000900460ff1660038111156104b4576104b4610dae565b60038111156104c5576104c5610dae565b815281547501000000000000000000000000000000000000000000810463ffffffff166020830152790100000000000000000000000000000000000000000000000000900465ffffffffffff1660408201526001820154606082015260029091015460809091015295506105e1945050505050565b8673ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16101561058057610579826001610f16565b9350610584565b8192505b50506103f7565b6040517f9f3dd6860000000000000000000000000000000000000000000000000000000081526004810187905273ffffffffffffffffffffffffffffffffffffffff861660248201526044015b60405180910390fd5b92915050565b6040805160c0810182525f80825260208201819052918101829052606081018290526080810182905260a08101919091526106218361076b565b6040015163ffffffff16821061066c576040517f9f3dd686000000000000000000000000000000000000000000000000000000008152600481018490525f60248201526044016105d8565b60065f83602061067e61200088610f03565b901b17815260208082019290925260409081015f20815160c08101909252805473ffffffffffffffffffffffffffffffffffffffff81168352919290919083019074010000000000000000000000000000000000000000900460ff1660038111156106eb576106eb610dae565b60038111156106fc576106fc610dae565b815281547501000000000000000000000000000000000000000000810463ffffffff166020830152790100000000000000000000000000000000000000000000000000900465ffffffffffff166040820152600182015460608201526002909101546080909101529392505050565b6040805160e0810182525f80825260208201819052918101829052606081018290526080810182905260a0810182905260c08101919091525f54700100000000000000000000000000000000900467ffffffffffffffff16821015806107fa57505f54700100000000000000000000000000000000900467ffffffffffffffff166107f861200084610f16565b105b15610834576040517fb1d48570000000000000000000000000000000000000000000000000000000008152600481018390526024016105d8565b60055f61084361200085610f03565b815260208082019290925260409081015f20815160e081018352815467ffffffffffffffff808216835268010000000000000000820481169583019590955263ffffffff7001000000000000000000000000000000008204811694830194909452740100000000000000000000000000000000000000008104909316606082015278010000000000000000000000000000000000000000000000009092049092166080820152600182015460a082015260029091015460c082015292915050565b6040805160a0810182525f808252602082018190529181018290526060810182905260808101919091525f80547c0100000000000000000000000000000000000000000000000000000000900463ffffffff165b80821015610a9f575f600261096d8385610f16565b6109779190610f4e565b5f8181526008602052604090205490915073ffffffffffffffffffffffffffffffffffffffff9081169086168103610a4e57505f90815260086020908152604091829020825160a081018452815473ffffffffffffffffffffffffffffffffffffffff8116825274010000000000000000000000000000000000000000810463ffffffff1693820193909352780100000000000000000000000000000000000000000000000090920467ffffffffffffffff1692820192909252600182015460608201526002909101546080820152949350505050565b8573ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff161015610a9457610a8d826001610f16565b9350610a98565b8192505b5050610958565b5050919050565b6040805160a0810182525f808252602082018190529181018290526060810182905260808101919091525f80547801000000000000000000000000000000000000000000000000900463ffffffff165b80821015610a9f575f6002610b0b8385610f16565b610b159190610f4e565b5f8181526007602052604090205490915073ffffffffffffffffffffffffffffffffffffffff9081169086168103610c0157505f90815260076020908152604091829020825160a081018452815473ffffffffffffffffffffffffffffffffffffffff8116825263ffffffff740100000000000000000000000000000000000000008204811694830194909452780100000000000000000000000000000000000000000000000081048416948201949094527c01000000000000000000000000000000000000000000000000000000009093049091166060830152600101546080820152949350505050565b8573ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff161015610c4757610c40826001610f16565b9350610c4b565b8192505b5050610af6565b6040805160a0810182525f808252602082018190529181018290526060810182905260808101919091525f547801000000000000000000000000000000000000000000000000900463ffffffff16821015610d5c57505f90815260076020908152604091829020825160a081018452815473ffffffffffffffffffffffffffffffffffffffff8116825263ffffffff740100000000000000000000000000000000000000008204811694830194909452780100000000000000000000000000000000000000000000000081048416948201949094527c0100000000000000000000000000000000000000000000000000000000909304909116606083015260010154608082015290565b919050565b803573ffffffffffffffffffffffffffffffffffffffff81168114610d5c575f5ffd5b5f5f60408385031215610d95575f5ffd5b82359150610da560208401610d61565b90509250929050565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52602160045260245ffd5b815173ffffffffffffffffffffffffffffffffffffffff168152602082015160c082019060048110610e34577f4e487b71000000000000000000000000000000000000000000000000000000005f52602160045260245ffd5b8060208401525063ffffffff60408401511660408301526060830151610e64606084018265ffffffffffff169052565b506080830151608083015260a083015160a083015292915050565b5f5f60408385031215610e90575f5ffd5b50508035926020909101359150565b5f60208284031215610eaf575f5ffd5b5035919050565b5f60208284031215610ec6575f5ffd5b610ecf82610d61565b9392505050565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52601260045260245ffd5b5f82610f1157610f11610ed6565b500690565b808201808211156105e1577f4e487b71000000000000000000000000000000000000000000000000000000005f52601160045260245ffd5b5f82610f5c57610f5c610ed6565b50049056';
