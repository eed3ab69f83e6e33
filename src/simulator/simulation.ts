import { createHash } from 'node:crypto';
import { createVirtualTime } from '../consensus/testing/virtual-time.ts';
import type { Clock } from '../primitives/clock.ts';
import { type Logger, silentLogger } from '../primitives/log.ts';
import { type Fault, GOOD_LINKS } from './faults.ts';
import { createNetworkModel } from './network-model.ts';
import type { NodePlan, SimulatedNode } from './node.ts';
import { createRandom, type Random } from './random.ts';

export interface SimulationOptions<Wire> {
  /** A run is a function of this text and of the code. */
  readonly seed: string;
  readonly plans: readonly NodePlan<Wire>[];
  /** A short text that tells payloads apart, for the trace. */
  readonly describe: (payload: Wire) => string;
  /** Unix milliseconds at the start. */
  readonly startMs?: number;
  /** How far ahead of (or, negative, behind) the time each node's clock stands, in milliseconds; 0 where left out. */
  readonly clockSkewMs?: readonly number[];
}

export interface Simulation {
  /** Milliseconds since the start. */
  readonly elapsedMs: number;
  readonly eventsRun: number;
  /** Faults to come, their times counted from now. */
  schedule(faults: readonly Fault[]): void;
  /** Runs to a time (ms from the start), or until `done` holds. True when it held. */
  run(untilMs: number, done?: () => boolean): Promise<boolean>;
  /** Hash over everything sent, delivered, crashed and healed so far, with its time: equal for equal runs. */
  trace(): string;
}

const START_MS = 1_700_000_000_000;
/** How long a stream waits before it sends again what was lost. */
const RETRANSMIT_MS = 500;

/** A whole network in one thread under a virtual clock: no time passes, and no message is lost, but by the seed. */
export function createSimulation<Wire>(options: SimulationOptions<Wire>, log: Logger = silentLogger): Simulation {
  const { plans, describe } = options;
  const startMs = options.startMs ?? START_MS;
  const random = createRandom(options.seed);
  const time = createVirtualTime(startMs);
  const network = createNetworkModel(GOOD_LINKS, random.fork('network'));
  const trace = createHash('sha256');
  const places = plans.map((plan, index) => createPlace(plan, index, random.fork(`node ${index}`)));

  const note = (what: string) => trace.update(`${time.now() - startMs} ${what}\n`);

  function transmit(from: number, to: number, payload: Wire): void {
    for (const delayMs of network.deliveries(from, to)) {
      time.after(delayMs, () => {
        note(`${from}>${to} ${describe(payload)}`);
        places[to]?.deliver(payload, from);
      });
    }
  }

  /** Again and again until one copy gets through. */
  function transmitReliably(from: number, to: number, payload: Wire, alive: () => boolean): void {
    const [delayMs] = network.deliveries(from, to);
    if (delayMs === undefined) {
      time.after(RETRANSMIT_MS, () => {
        if (alive()) transmitReliably(from, to, payload, alive);
      });
      return;
    }
    time.after(delayMs, () => {
      note(`${from}>${to} ${describe(payload)}`);
      if (places[to]?.isUp()) places[to]?.deliver(payload, from);
      else time.after(delayMs, () => places[from]?.bounce(payload, to));
    });
  }

  function createPlace(plan: NodePlan<Wire>, index: number, nodeRandom: Random) {
    let life: { node: SimulatedNode<Wire> | undefined; ended: boolean } | undefined;
    return {
      boot() {
        if (life !== undefined) return;
        const own = { node: undefined as SimulatedNode<Wire> | undefined, ended: false };
        life = own;
        const alive = () => !own.ended;
        const send = (to: number, payload: Wire) => {
          if (!alive() || to === index) return;
          transmit(index, to, payload);
        };
        own.node = plan.boot({
          index,
          size: plans.length,
          clock: mortalClock(time, alive, options.clockSkewMs?.[index] ?? 0),
          random: nodeRandom,
          log: log.child({ node: index }),
          send,
          sendReliably(to, payload) {
            if (!alive() || to === index) return;
            transmitReliably(index, to, payload, alive);
          },
          broadcast: (payload) => plans.forEach((_, to) => void send(to, payload)),
          alive,
        });
      },
      crash() {
        if (life === undefined) return;
        plan.crash?.(nodeRandom);
        life.ended = true;
        life = undefined;
      },
      isUp: () => life !== undefined,
      bounce: (payload: Wire, to: number) => life?.node?.unreachable?.(payload, to),
      deliver: (payload: Wire, from: number) => life?.node?.receive(payload, from),
    };
  }

  function strike(fault: Fault): void {
    note(fault.type);
    if (fault.type === 'crash') places[fault.node]?.crash();
    else if (fault.type === 'restart') places[fault.node]?.boot();
    else if (fault.type === 'partition') network.partition(fault.groups);
    else if (fault.type === 'heal') network.heal();
    else network.setQuality(fault.quality);
  }

  for (const place of places) time.after(0, () => place.boot());

  return {
    get elapsedMs() {
      return time.now() - startMs;
    },
    get eventsRun() {
      return time.eventsRun;
    },
    schedule(faults) {
      for (const fault of faults) time.after(fault.atMs, () => strike(fault));
    },
    async run(untilMs, done = () => false) {
      while (!done()) if (!(await time.step(startMs + untilMs))) return done();
      return true;
    },
    trace: () => trace.copy().digest('hex'),
  };
}

/** The clock of one life of a node: its timers die with it, and it may go wrong by a constant. */
function mortalClock(time: Clock, alive: () => boolean, skewMs: number): Clock {
  return {
    now: () => time.now() + skewMs,
    after: (ms, callback) =>
      time.after(ms, () => {
        if (alive()) callback();
      }),
  };
}
