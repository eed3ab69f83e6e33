import type { Common } from '@ethereumjs/common';
import type { Hex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { ChainContext } from './machine.ts';

/** The rules in force, in the terms of EIP-7910. */
export interface ForkConfig {
  /** Unix seconds. */
  readonly activationTime: number;
  readonly blobSchedule: { readonly target: number; readonly max: number; readonly baseFeeUpdateFraction: number };
  readonly chainId: number;
  /** EIP-6122 */
  readonly forkId: Hex;
  /** Address by name. */
  readonly precompiles: Readonly<Record<string, Hex>>;
  readonly systemContracts: Readonly<Record<string, Hex>>;
}

const address = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;

/** By the EIP that brought them; 0: from the beginning or with Byzantium and Istanbul, which every chain here has behind it. */
const PRECOMPILES: readonly (readonly [eip: number, name: string, address: Hex])[] = [
  [0, 'ECREC', address(0x01)],
  [0, 'SHA256', address(0x02)],
  [0, 'RIPEMD160', address(0x03)],
  [0, 'ID', address(0x04)],
  [0, 'MODEXP', address(0x05)],
  [0, 'BN254_ADD', address(0x06)],
  [0, 'BN254_MUL', address(0x07)],
  [0, 'BN254_PAIRING', address(0x08)],
  [0, 'BLAKE2F', address(0x09)],
  [4844, 'KZG_POINT_EVALUATION', address(0x0a)],
  [2537, 'BLS12_G1ADD', address(0x0b)],
  [2537, 'BLS12_G1MSM', address(0x0c)],
  [2537, 'BLS12_G2ADD', address(0x0d)],
  [2537, 'BLS12_G2MSM', address(0x0e)],
  [2537, 'BLS12_PAIRING_CHECK', address(0x0f)],
  [2537, 'BLS12_MAP_FP_TO_G1', address(0x10)],
  [2537, 'BLS12_MAP_FP2_TO_G2', address(0x11)],
  [7951, 'P256VERIFY', address(0x100)],
];

const SYSTEM_CONTRACTS: readonly (readonly [eip: number, name: string, address: Hex])[] = [
  [4788, 'BEACON_ROOTS_ADDRESS', '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'],
  [7251, 'CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS', '0x0000bbddc7ce488642fb579f8b00f3a590007251'],
  [6110, 'DEPOSIT_CONTRACT_ADDRESS', address(0)],
  [2935, 'HISTORY_STORAGE_ADDRESS', '0x0000f90827f1c53a10cb7a02335b175320002935'],
  [7002, 'WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS', '0x00000961ef480eb55e80d19ad83579a64c007002'],
];

export function forkConfigOf(context: ChainContext, rules: Common, genesisHash: Hash): ForkConfig {
  const replaced = new Set(context.precompiles.map(({ address }) => address.toString()));
  const active = (table: typeof PRECOMPILES) =>
    Object.fromEntries(table.filter(([eip]) => eip === 0 || rules.isActivatedEIP(eip)).map(([, name, at]) => [name, at] as const));
  const precompiles = active(PRECOMPILES);
  for (const [name, at] of Object.entries(precompiles)) if (replaced.has(at)) delete precompiles[name];
  return {
    activationTime: Number(rules.hardforkTimestamp(rules.hardfork()) ?? 0n),
    blobSchedule: blobSchedule(context, rules),
    chainId: context.chainId,
    forkId: rules.forkHash(rules.hardfork(), genesisHash) as Hex,
    precompiles,
    systemContracts: active(SYSTEM_CONTRACTS),
  };
}

/** Where blobs are refused there is room for none. */
function blobSchedule(context: ChainContext, rules: Common): ForkConfig['blobSchedule'] {
  const { targetBlobGasPerBlock, maxBlobGasPerBlock, blobGasPriceUpdateFraction } = rules.getBlobGasSchedule();
  const perBlob = rules.param('blobGasPerBlob');
  const blobs = (gas: bigint) => (context.hasBlobs ? Number(gas / perBlob) : 0);
  return {
    target: blobs(targetBlobGasPerBlock),
    max: blobs(maxBlobGasPerBlock),
    baseFeeUpdateFraction: Number(blobGasPriceUpdateFraction),
  };
}
