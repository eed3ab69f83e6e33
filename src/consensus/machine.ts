import { toHex } from '../primitives/bytes.ts';
import { onMessage } from './intake.ts';
import { startHeight } from './recovery.ts';
import { resend } from './resend.ts';
import { onBuilt, onTimeout, schedule } from './rounds.ts';
import {
  commitOnQuorum,
  lockOnQuorum,
  precommitNil,
  prevoteNewProposal,
  prevoteOldProposal,
  type Rule,
  requestValidation,
  skipToRound,
  startPrecommitTimer,
  startPrevoteTimer,
} from './rules.ts';
import { andThen, type ConsensusState, type Transition, unchanged, withCandidate } from './state.ts';
import type { ConsensusEvent } from './types.ts';

/** In order of precedence: a decision ends the height, a later round ends this one. */
const RULES: readonly Rule[] = [
  commitOnQuorum,
  skipToRound,
  requestValidation,
  prevoteNewProposal,
  prevoteOldProposal,
  lockOnQuorum,
  precommitNil,
  startPrevoteTimer,
  startPrecommitTimer,
];

/**
 * One step of algorithm 1 of arXiv:1807.04938: takes an event in, then applies the upon-rules until none fires.
 * Pure; effects are to be carried out in their order, each before the next event.
 *
 * @example
 * let state = initialState(options);
 * const { state: next, effects } = step(state, { type: 'start', height: 1, recovered: [] });
 */
export function step(state: ConsensusState, event: ConsensusEvent): Transition {
  let transition = take(state, event);
  for (;;) {
    const next = transition.state.decided ? undefined : firstFiring(transition.state);
    if (next === undefined) return transition;
    transition = andThen(transition, () => next);
  }
}

function firstFiring(state: ConsensusState): Transition | undefined {
  for (const rule of RULES) {
    const transition = rule(state);
    if (transition !== undefined) return transition;
  }
  return undefined;
}

function take(state: ConsensusState, event: ConsensusEvent): Transition {
  if (event.type === 'start') return startHeight(state, event.height, event.recovered);
  if (event.type === 'refused') return onRefused(state, event.height, toHex(event.blockHash));
  if (state.decided) return unchanged(state);
  switch (event.type) {
    case 'message':
      return onMessage(state, event.message);
    case 'built':
      return onBuilt(state, event.height, event.round, event.block);
    case 'validated':
      return onValidated(state, event.height, toHex(event.blockHash), event.valid);
    case 'timeout':
      if (event.height !== state.height) return unchanged(state);
      if (event.kind === 'resend') return { state, effects: [...resend(state), schedule(state, 'resend')] };
      return onTimeout(state, event.kind, event.round);
  }
}

function onValidated(state: ConsensusState, height: number, key: string, valid: boolean): Transition {
  const candidate = state.candidates.get(key);
  if (height !== state.height || candidate?.verdict !== 'pending') return unchanged(state);
  return unchanged(withCandidate(state, key, { ...candidate, verdict: valid ? 'valid' : 'invalid' }));
}

/** A certified block whose body the application could not apply: the height goes on, and waits for the right body. */
function onRefused(state: ConsensusState, height: number, key: string): Transition {
  const candidate = state.candidates.get(key);
  if (height !== state.height || candidate === undefined) return unchanged(state);
  return unchanged(withCandidate({ ...state, decided: false }, key, { ...candidate, block: undefined, verdict: 'invalid' }));
}
