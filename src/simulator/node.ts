import type { Clock } from '../primitives/clock.ts';
import type { Logger } from '../primitives/log.ts';
import type { Random } from './random.ts';

/** What a simulated node sees of the world. Everything here is dead once the node has crashed. */
export interface NodeEnvironment<Wire> {
  readonly index: number;
  /** Number of nodes. */
  readonly size: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  send(to: number, payload: Wire): void;
  /** To all others. */
  broadcast(payload: Wire): void;
  /**
   * As over a stream that repeats what was lost: arrives as soon as the link lets it through, while both live. A receiver
   * that is down is reported to `unreachable`.
   */
  sendReliably(to: number, payload: Wire): void;
  /** True until the node crashes: what a disk was asked to write after that is not written. */
  alive(): boolean;
}

/** A running node. */
export interface SimulatedNode<Wire> {
  receive(payload: Wire, from: number): void;
  /** What was sent reliably to `to` found nobody there. */
  unreachable?(payload: Wire, to: number): void;
}

/**
 * How a place in the network behaves: booted at the start and after every crash. What lasts over a crash (a disk) is what
 * the plan keeps outside of `boot`. Honest nodes, adversaries and whole other kinds of node are all plans.
 */
export interface NodePlan<Wire> {
  /** Byzantine nodes owe nobody anything; the observers skip them. */
  readonly honest: boolean;
  boot(environment: NodeEnvironment<Wire>): SimulatedNode<Wire>;
  /** Just before the environment dies: what was being written is now decided. */
  crash?(random: Random): void;
}
