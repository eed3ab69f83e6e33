import type { Connection } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import type { Clock } from '../primitives/clock.ts';
import type { Logger } from '../primitives/log.ts';
import type { AddressBook, Target } from './address-book.ts';
import { createDeadline } from './deadline.ts';
import { reasonOf } from './errors.ts';
import { DIAL_TICK_MS, DIAL_TIMEOUT_MS, MAX_PARALLEL_DIALS } from './limits.ts';

export interface DialerOptions {
  /** Learned addresses are dialled below this number of peers; boot nodes and authorities always. */
  readonly targetPeers: number;
}

export interface DialerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: AddressBook;
  dial(addresses: Multiaddr[], signal: AbortSignal): Promise<Connection>;
  isConnected(peer: string): boolean;
  isRefused(peer: string): boolean;
  connectedCount(): number;
}

/** Keeps the node connected: tries what the address book says is due, and never gives up on boot nodes. */
export interface Dialer {
  start(): void;
  stop(): void;
}

export function createDialer(options: DialerOptions, deps: DialerDeps): Dialer {
  const { book, clock, log } = deps;
  const reported = new WeakSet<Target>();
  let stopped = new AbortController();
  let cancelTick = () => {};
  let running = 0;

  function isWanted(target: Target): boolean {
    if (target.peer !== undefined && (deps.isConnected(target.peer) || deps.isRefused(target.peer))) return false;
    return target.permanent || deps.connectedCount() + running < options.targetPeers;
  }

  function tick(): void {
    for (const target of book.due(clock.now())) {
      if (running >= MAX_PARALLEL_DIALS) break;
      if (isWanted(target)) void attempt(target);
    }
    cancelTick = clock.after(DIAL_TICK_MS, tick);
  }

  async function attempt(target: Target): Promise<void> {
    const addresses = book.addressesOf(target);
    running++;
    target.dialling = true;
    const deadline = createDeadline(DIAL_TIMEOUT_MS, `dial ${addresses[0]}`, clock, stopped.signal);
    try {
      const connection = await deps.dial(
        addresses.map((address) => multiaddr(address)),
        deadline.signal,
      );
      book.succeeded(target, connection.remotePeer.toString());
      if (reported.delete(target)) log.info({ address: target.bootAddress }, `boot node ${target.bootAddress} is reachable now`);
    } catch (error) {
      if (stopped.signal.aborted) return;
      // The address leads back to this very node: a boot list shared by all nodes usually contains each of them.
      if (error instanceof Error && error.name === 'InvalidPeerIdError') {
        book.drop(target);
        return;
      }
      book.failed(target, clock.now());
      report(target, addresses[0] ?? '', error);
    } finally {
      deadline.clear();
      target.dialling = false;
      running--;
    }
  }

  /** Once for each time a boot node goes away; the rest is for debugging. */
  function report(target: Target, address: string, error: unknown): void {
    const facts = { address, failures: target.failures, error: reasonOf(error) };
    if (target.bootAddress === undefined || reported.has(target)) {
      log.debug(facts, 'a dial failed');
      return;
    }
    reported.add(target);
    log.warn(facts, `boot node ${target.bootAddress} is not reachable yet; trying again until it is`);
  }

  return {
    start() {
      stopped = new AbortController();
      tick();
    },
    stop() {
      cancelTick();
      stopped.abort(new Error('the network stops'));
    },
  };
}
