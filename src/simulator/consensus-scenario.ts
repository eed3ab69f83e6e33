import type { ConsensusMessage } from '../codec/types.ts';
import type { ConsensusTimeouts } from '../consensus/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { doubleVoter, equivocatingProposer, silentAuthority } from './adversaries.ts';
import { type ConsensusNodePlan, type ConsensusWire, consensusNode } from './consensus-node.ts';
import { hashedKeys, type SimulatedKeys } from './crypto.ts';
import { type Fault, GOOD_LINKS, randomFaults } from './faults.ts';
import type { NodePlan } from './node.ts';
import { createSafetyObserver } from './observer.ts';
import { createRandom } from './random.ts';
import { createSimulation } from './simulation.ts';

export type Adversary = 'equivocator' | 'doubleVoter' | 'silent';

export interface ScenarioOptions {
  readonly seed: string;
  readonly authorities: number;
  /** Takes the places after the honest ones, one each. */
  readonly adversaries?: readonly Adversary[];
  readonly followers?: number;
  readonly faults?: readonly Fault[];
  readonly keys?: SimulatedKeys;
  /** Blocks wanted after the last fault, and the time (ms) they may take. */
  readonly blocks: number;
  readonly patienceMs?: number;
}

export interface ScenarioResult {
  /** Empty when the run was safe. */
  readonly violations: readonly string[];
  /** True when every honest node reached the wanted height in time. */
  readonly live: boolean;
  /** Of each honest node and follower. */
  readonly heights: readonly number[];
  readonly elapsedMs: number;
  readonly eventsRun: number;
  readonly evidence: number;
  readonly trace: string;
  readonly plans: readonly ConsensusNodePlan[];
}

export const SIMULATED_TIMEOUTS: ConsensusTimeouts = {
  proposeMs: 400,
  proposeDeltaMs: 150,
  prevoteMs: 200,
  prevoteDeltaMs: 100,
  precommitMs: 200,
  precommitDeltaMs: 100,
  resendMs: 1_200,
};
const BLOCK_INTERVAL_MS = 1_000;
/** How long a random scenario's faults last. */
const TROUBLE_MS = 6_000;
const DEFAULT_PATIENCE_MS = 120_000;

/** Runs one network through its faults and then until every honest node has `blocks` more blocks. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { seed, adversaries = [], followers = 0, patienceMs = DEFAULT_PATIENCE_MS } = options;
  const faults = options.faults ?? [{ atMs: 0, type: 'quality', quality: GOOD_LINKS }];
  const keys = options.keys ?? hashedKeys(options.authorities);
  const common = { keys, timeouts: SIMULATED_TIMEOUTS, blockIntervalMs: BLOCK_INTERVAL_MS };
  // Which place in the rotation is faulty must not always be the last one.
  const order = createRandom(`${seed}/places`).shuffle(keys.signers);
  const honestSigners = order.slice(adversaries.length);
  const observer = createSafetyObserver(honestSigners.map((signer) => signer.address));
  let evidence = 0;
  const honest = [...honestSigners, ...Array.from({ length: followers }, () => undefined)].map((signer) =>
    consensusNode({
      ...common,
      signer,
      onCommit: observer.onCommit,
      onEvidence: () => {
        evidence++;
      },
    }),
  );
  const faulty = adversaries.map((kind, i): NodePlan<ConsensusWire> => {
    const signer = order[i];
    if (kind === 'silent' || signer === undefined) return silentAuthority();
    return kind === 'equivocator' ? equivocatingProposer({ ...common, signer }) : doubleVoter({ ...common, signer });
  });
  const simulation = createSimulation<ConsensusWire>({
    seed,
    plans: [...honest, ...faulty],
    faults,
    describe,
    onSent: (_, payload) => {
      if (payload.type === 'consensus') observer.onSent(payload.message);
    },
  });
  const healedAtMs = Math.max(...faults.map((fault) => fault.atMs));
  await simulation.run(healedAtMs, () => observer.violations.length > 0);
  const wanted = Math.max(0, ...honest.map((plan) => plan.disk.blocks.length)) + options.blocks;
  const reached = () => honest.every((plan) => plan.disk.blocks.length >= wanted);
  await simulation.run(healedAtMs + patienceMs, () => reached() || observer.violations.length > 0);
  return {
    violations: observer.violations,
    live: reached(),
    heights: honest.map((plan) => plan.disk.blocks.length),
    elapsedMs: simulation.elapsedMs,
    eventsRun: simulation.eventsRun,
    evidence,
    trace: simulation.trace(),
    plans: honest,
  };
}

/** A network of 4 to 7 authorities with fewer than one third of them faulty, and random trouble: all from the seed. */
export function randomScenario(seed: string): Promise<ScenarioResult> {
  const random = createRandom(`${seed}/scenario`);
  const authorities = 4 + random.integer(4);
  const kinds: readonly Adversary[] = ['equivocator', 'doubleVoter', 'silent'];
  const most = Math.ceil(authorities / 3) - 1;
  const adversaries = Array.from({ length: random.integer(most + 1) }, () => random.pick(kinds));
  const honest = authorities - adversaries.length;
  const faults = randomFaults(random, { nodes: honest, healAtMs: TROUBLE_MS });
  return runScenario({ seed, authorities, adversaries, faults, blocks: 2 });
}

function describe(payload: ConsensusWire): string {
  if (payload.type === 'ask') return `ask ${payload.after}`;
  if (payload.type === 'blocks') return `blocks ${payload.finals.map((final) => toHex(final.certificate.blockHash)).join()}`;
  return describeMessage(payload.message);
}

/** The signature covers all that is signed. */
function describeMessage(message: ConsensusMessage): string {
  return toHex(message.kind === 'vote' ? message.vote.signature : message.proposal.signature);
}
