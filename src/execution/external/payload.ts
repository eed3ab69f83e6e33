import { fromHex, type Hex, toHex, toQuantity } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { encodeWithdrawals, listRoot } from '../block-roots.ts';
import { decodeHeader, rawTransactions } from '../block-view.ts';
import type { PayloadAttributes } from '../engine.ts';
import { encodedBytes, encodedInteger, encodedList } from '../state/rlp-parts.ts';

/** ExecutionPayloadV3 of the Engine API (execution-apis, engine/cancun). */
export interface ExecutionPayloadV3 {
  readonly parentHash: Hex;
  readonly feeRecipient: Hex;
  readonly stateRoot: Hex;
  readonly receiptsRoot: Hex;
  readonly logsBloom: Hex;
  readonly prevRandao: Hex;
  readonly blockNumber: Hex;
  readonly gasLimit: Hex;
  readonly gasUsed: Hex;
  readonly timestamp: Hex;
  readonly extraData: Hex;
  readonly baseFeePerGas: Hex;
  readonly blockHash: Hex;
  readonly transactions: readonly Hex[];
  readonly withdrawals: readonly { readonly index: Hex; readonly validatorIndex: Hex; readonly address: Hex; readonly amount: Hex }[];
  readonly blobGasUsed: Hex;
  readonly excessBlobGas: Hex;
}

/** keccak-256 of RLP of an empty list: what ommers hash to since proof of stake. */
const NO_OMMERS = fromHex('0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347');

export function payloadAttributesV3({ timestamp, prevRandao, feeRecipient, withdrawals, parentBeaconBlockRoot }: PayloadAttributes) {
  return {
    timestamp: toQuantity(timestamp),
    prevRandao: toHex(prevRandao),
    suggestedFeeRecipient: toHex(feeRecipient),
    withdrawals: withdrawalsV1(withdrawals),
    parentBeaconBlockRoot: toHex(parentBeaconBlockRoot),
  };
}

/** A block's bytes as an Engine API payload; its withdrawals are those of `attributes`. @throws EXECUTION_BLOCK_MALFORMED */
export function payloadOf(bytes: Uint8Array, withdrawals: PayloadAttributes['withdrawals']): ExecutionPayloadV3 {
  const header = decodeHeader(bytes);
  return {
    parentHash: toHex(header.parentHash),
    feeRecipient: toHex(header.miner),
    stateRoot: toHex(header.stateRoot),
    receiptsRoot: toHex(header.receiptsRoot),
    logsBloom: toHex(header.logsBloom),
    prevRandao: toHex(header.mixHash),
    blockNumber: toQuantity(header.number),
    gasLimit: toQuantity(header.gasLimit),
    gasUsed: toQuantity(header.gasUsed),
    timestamp: toQuantity(header.timestamp),
    extraData: toHex(header.extraData),
    baseFeePerGas: toQuantity(header.baseFeePerGas ?? 0n),
    blockHash: toHex(header.hash),
    transactions: rawTransactions(bytes).map(toHex),
    withdrawals: withdrawalsV1(withdrawals),
    blobGasUsed: toQuantity(header.blobGasUsed ?? 0n),
    excessBlobGas: toQuantity(header.excessBlobGas ?? 0n),
  };
}

/** The block that a payload stands for: RLP of header, transactions, no ommers, and withdrawals. */
export function blockOfPayload(payload: ExecutionPayloadV3, parentBeaconBlockRoot: Hash): Uint8Array {
  const raws = payload.transactions.map((raw) => fromHex(raw));
  const withdrawals = encodeWithdrawals(
    payload.withdrawals.map(({ index, address, amount }) => ({ index: BigInt(index), address: fromHex(address), gwei: BigInt(amount) })),
  );
  const header = encodedList([
    ...[
      payload.parentHash,
      NO_OMMERS,
      payload.feeRecipient,
      payload.stateRoot,
      listRoot(raws),
      payload.receiptsRoot,
      payload.logsBloom,
    ].map((value) => encodedBytes(value instanceof Uint8Array ? value : fromHex(value))),
    ...[0n, BigInt(payload.blockNumber), BigInt(payload.gasLimit), BigInt(payload.gasUsed), BigInt(payload.timestamp)].map(encodedInteger),
    encodedBytes(fromHex(payload.extraData)),
    encodedBytes(fromHex(payload.prevRandao)),
    encodedBytes(new Uint8Array(8)),
    encodedInteger(BigInt(payload.baseFeePerGas)),
    encodedBytes(listRoot(withdrawals)),
    encodedInteger(BigInt(payload.blobGasUsed)),
    encodedInteger(BigInt(payload.excessBlobGas)),
    encodedBytes(parentBeaconBlockRoot),
  ]);
  return encodedList([
    header,
    // A legacy transaction stands as the list that it is, others as strings.
    encodedList(raws.map((raw) => ((raw[0] ?? 0) >= 0xc0 ? raw : encodedBytes(raw)))),
    encodedList([]),
    encodedList(withdrawals),
  ]);
}

function withdrawalsV1(withdrawals: PayloadAttributes['withdrawals']): ExecutionPayloadV3['withdrawals'] {
  return withdrawals.map(({ index, address, gwei }) => ({
    index: toQuantity(index),
    validatorIndex: '0x0',
    address: toHex(address),
    amount: toQuantity(gwei),
  }));
}
