import { ARITHMETIC, type Genesis, genesisHash, parseGenesis } from '../params/genesis.ts';
import { START_STAKES } from '../params/network-defaults.ts';
import { compareBytes, concatBytes, equalBytes, toHex, utf8 } from '../primitives/bytes.ts';
import { type Hash, sha256, taggedHash } from '../primitives/hash.ts';
import {
  type Address,
  type Signature,
  type SignatureCheck,
  type Signer,
  signerFromPrivateKey,
  verifySignature,
} from '../primitives/keys.ts';
import type { ProtocolContext } from '../protocol/context.ts';
import { createOnion, type Onion } from '../protocol/onion.ts';

/** A run's genesis and keys. */
export interface World {
  readonly context: ProtocolContext;
  /** Ascending by address. */
  readonly authorities: readonly { readonly signer: Signer; readonly onion: Onion; readonly secretOnion: Onion }[];
  /** A key that is no authority's, by name. */
  signerNamed(name: string): Signer;
  readonly isSignedBy: SignatureCheck;
}

export interface WorldOptions {
  readonly seed: string;
  readonly authorities: number;
  readonly rounds: Genesis['rounds'];
  /** secp256k1 as in production, 50 to 230 µs a signature; otherwise hashes stand in for signatures. */
  readonly realSignatures: boolean;
  /** Accounts that begin with a trainer's stake, by name. */
  readonly staked: readonly string[];
  /** Of each of an authority's hash chains: one is revealed a round. */
  readonly onionElements: number;
}

/** Unix seconds; runs begin at this time. */
export const GENESIS_TIME = 1_700_000_000;
export const BLOCK_INTERVAL_MS = 1_000;
/** Keys, and with them beacons and challenges, differ from seed to seed. */
export function createWorld({ seed, authorities, rounds, realSignatures, staked, onionElements }: WorldOptions): World {
  const make = realSignatures ? realSigner : hashSigner;
  const signerNamed = (name: string) => make(`${seed}/${name}`);
  const members = Array.from({ length: authorities }, (_, i) => ({
    signer: signerNamed(`authority ${i}`),
    onion: createOnion(taggedHash('simulated/onion/1', utf8(`${seed}/${i}`)), onionElements),
    secretOnion: createOnion(taggedHash('simulated/secret-onion/1', utf8(`${seed}/${i}`)), onionElements),
  })).sort((a, b) => compareBytes(a.signer.address, b.signer.address));
  const genesis = simulatedGenesis(
    members.map(({ signer, onion, secretOnion }) => ({
      address: toHex(signer.address),
      onion_tip: toHex(onion.tip),
      secret_onion_tip: toHex(secretOnion.tip),
    })),
    Object.fromEntries([
      ...members.map(({ signer }) => [toHex(signer.address), START_STAKES.authority.toString()]),
      ...staked.map((name) => [toHex(signerNamed(name).address), START_STAKES.trainer.toString()]),
    ]),
    rounds,
  );
  const isSignedBy = realSignatures ? verifySignature : isHashSignature;
  return { context: { genesis, genesisHash: genesisHash(genesis), isSignedBy }, authorities: members, signerNamed, isSignedBy };
}

const realSigner = (name: string): Signer => signerFromPrivateKey(sha256(utf8(`simulated key ${name}`)));

/**
 * A hash in the place of a signature, a hundred times as fast. Anyone could forge it; the simulated adversaries sign with
 * their own keys only, as real ones must.
 */
export function hashSigner(name: string): Signer {
  const address = sha256(utf8(`simulated address ${name}`)).subarray(0, 20);
  return { address, sign: (digest) => hashSignature(digest, address) };
}

const SIGNATURE_TAIL = new Uint8Array(33);

function hashSignature(digest: Hash, address: Address): Signature {
  return concatBytes(sha256(address, digest), SIGNATURE_TAIL);
}

function isHashSignature(digest: Hash, signature: Signature, address: Address): boolean {
  return equalBytes(signature, hashSignature(digest, address));
}

/** The model and the data are never looked at: the simulated learning has states of its own. Rules and coins are what counts. */
function simulatedGenesis(authorities: Genesis['authorities'], stakes: Genesis['stakes'], rounds: Genesis['rounds']): Genesis {
  const zero = `0x${'00'.repeat(32)}`;
  return parseGenesis({
    format: 'pol-genesis-1',
    arithmetic: ARITHMETIC,
    name: 'simulated',
    chain_id: 31_337,
    timestamp: GENESIS_TIME,
    authorities,
    alloc: {},
    stakes,
    gas_limit: 10_000_000,
    base_fee_per_gas: '1000000000',
    block_interval_ms: BLOCK_INTERVAL_MS,
    model: {
      vocab_size: 256,
      dim: 32,
      layers: 1,
      heads: 2,
      kv_heads: 1,
      hidden_dim: 64,
      context_length: 16,
      tied_embeddings: true,
      rope_theta: 10_000,
      norm_eps: 1e-5,
    },
    tokenizer: { kind: 'gpt2' },
    data: { source: 'file:simulated', root: zero, tokens: 10_000, held_out_tokens: 1_000 },
    learning: {
      batch_size: 4,
      learning_rate: 1e-3,
      warmup_steps: 10,
      total_steps: 1_000,
      decay_fraction: 0.2,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weight_decay: 0.1,
      clip_norm: 1,
      outer_learning_rate: 0.7,
      outer_momentum: 0.6,
      init_seed: zero,
    },
    rounds,
    rewards: {
      emission_per_round: '10000000000000000000',
      halving_rounds: 100_000,
      trainer_percent: 70,
      authority_percent: 25,
      bounty_percent: 5,
      emission_floor_percent: 100,
      improvement_target_ppm: 1_000,
      gate_tolerance_ppm: 50_000,
      max_reward_per_token: '1000000000000000000',
    },
    staking: { unbonding_rounds: 20, minimum_deposit: '1000000000000000000' },
  });
}
