import type { RpcMethod } from './handler.ts';
import { ethAccounts } from './methods/eth-accounts.ts';
import { ethBlockNumber } from './methods/eth-block-number.ts';
import { ethCall } from './methods/eth-call.ts';
import { ethChainId } from './methods/eth-chain-id.ts';
import { ethCoinbase } from './methods/eth-coinbase.ts';
import { ethEstimateGas } from './methods/eth-estimate-gas.ts';
import { ethFeeHistory } from './methods/eth-fee-history.ts';
import { ethGasPrice } from './methods/eth-gas-price.ts';
import { ethGetBalance } from './methods/eth-get-balance.ts';
import { ethGetBlockByHash } from './methods/eth-get-block-by-hash.ts';
import { ethGetBlockByNumber } from './methods/eth-get-block-by-number.ts';
import { ethGetBlockReceipts } from './methods/eth-get-block-receipts.ts';
import { ethGetBlockTransactionCountByHash } from './methods/eth-get-block-transaction-count-by-hash.ts';
import { ethGetBlockTransactionCountByNumber } from './methods/eth-get-block-transaction-count-by-number.ts';
import { ethGetCode } from './methods/eth-get-code.ts';
import { ethGetStorageAt } from './methods/eth-get-storage-at.ts';
import { ethGetTransactionByBlockHashAndIndex } from './methods/eth-get-transaction-by-block-hash-and-index.ts';
import { ethGetTransactionByBlockNumberAndIndex } from './methods/eth-get-transaction-by-block-number-and-index.ts';
import { ethGetTransactionByHash } from './methods/eth-get-transaction-by-hash.ts';
import { ethGetTransactionCount } from './methods/eth-get-transaction-count.ts';
import { ethGetTransactionReceipt } from './methods/eth-get-transaction-receipt.ts';
import { ethMaxPriorityFeePerGas } from './methods/eth-max-priority-fee-per-gas.ts';
import { ethSendRawTransaction } from './methods/eth-send-raw-transaction.ts';
import { ethSendTransaction } from './methods/eth-send-transaction.ts';
import { ethSyncing } from './methods/eth-syncing.ts';
import { netListening } from './methods/net-listening.ts';
import { netPeerCount } from './methods/net-peer-count.ts';
import { netVersion } from './methods/net-version.ts';
import { polGetBlock } from './methods/pol-get-block.ts';
import { polGetRound } from './methods/pol-get-round.ts';
import { web3ClientVersion } from './methods/web3-client-version.ts';
import { web3Sha3 } from './methods/web3-sha3.ts';

/** Every JSON-RPC method served. */
const METHODS: readonly RpcMethod[] = [
  ethAccounts,
  ethBlockNumber,
  ethCall,
  ethChainId,
  ethCoinbase,
  ethEstimateGas,
  ethFeeHistory,
  ethGasPrice,
  ethGetBalance,
  ethGetBlockByHash,
  ethGetBlockByNumber,
  ethGetBlockReceipts,
  ethGetBlockTransactionCountByHash,
  ethGetBlockTransactionCountByNumber,
  ethGetCode,
  ethGetStorageAt,
  ethGetTransactionByBlockHashAndIndex,
  ethGetTransactionByBlockNumberAndIndex,
  ethGetTransactionByHash,
  ethGetTransactionCount,
  ethGetTransactionReceipt,
  ethMaxPriorityFeePerGas,
  ethSendRawTransaction,
  ethSendTransaction,
  ethSyncing,
  netListening,
  netPeerCount,
  netVersion,
  polGetBlock,
  polGetRound,
  web3ClientVersion,
  web3Sha3,
];

export const RPC_METHODS: ReadonlyMap<string, RpcMethod> = new Map(METHODS.map((method) => [method.name, method]));
