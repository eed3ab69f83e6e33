import { setMaxListeners } from 'node:events';
import type { Clock } from '../primitives/clock.ts';
import { isPolError, messageOf } from '../primitives/errors.ts';
import type { Logger } from '../primitives/log.ts';
import {
  MAX_FAILURES_IN_A_ROW,
  NO_PEERS_LOOK_MS,
  NO_PEERS_PATIENCE_MS,
  PEER_REST_MS,
  PIECES_PER_PEER,
  TIMEOUT_POINTS,
  WRONG_BYTES_POINTS,
} from './limits.ts';
import type { PeerRequests, SyncPeer } from './transport.ts';

/** Something to be fetched in pieces, each from any peer. */
export interface Job<Piece> {
  /** What this peer shall bring next; undefined when there is nothing for it now. */
  take(peer: SyncPeer): Piece | undefined;
  /** A piece that was taken did not come: somebody else shall bring it. */
  giveBack(piece: Piece): void;
  /**
   * Asks, verifies and keeps. 'absent': the peer does not have it.
   * @throws SYNC_WRONG_BYTES, CODEC_* and whatever else says that the peer's bytes are wrong; NETWORK_*; STORE_* ends the job
   */
  fetch(peer: string, piece: Piece, signal: AbortSignal): Promise<'kept' | 'absent'>;
  /** @param usable the peers that can still bring something */
  isDone(usable: readonly SyncPeer[]): boolean;
}

export interface SwarmDependencies {
  readonly network: PeerRequests;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a job knows of a peer. */
interface Worker {
  running: number;
  failuresInARow: number;
  restsUntil: number;
  /** Why nothing more is asked of it. */
  useless: boolean;
}

/** Errors that are about this node and not about what a peer sent. */
const OWN_FAULT = /^(STORE_|CHAIN_CORRUPT|EXECUTION_STATE_MISSING|LEARNING_STORE)/;

/**
 * Fetches a job's pieces from all peers at once, a few at a time from each. A peer that brings wrong bytes loses standing and
 * its place; one that leaves, or fails too often in a row, loses its place; its pieces go to the others.
 *
 * @returns true when the job is done, false when nobody is left who could bring the rest
 * @throws the job's own faults (a full disk), and the signal's reason
 */
export async function swarm<Piece>(job: Job<Piece>, dependencies: SwarmDependencies, signal: AbortSignal): Promise<boolean> {
  const { network, clock, log } = dependencies;
  const workers = new Map<string, Worker>();
  const running = new Set<Promise<void>>();
  const controller = new AbortController();
  // Every request under way listens to it.
  setMaxListeners(0, controller.signal);
  const aborted = new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve(), { once: true }));
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let fault: { readonly error: unknown } | undefined;
  let idleSince: number | undefined;

  const workerOf = (peer: string): Worker => {
    let worker = workers.get(peer);
    if (worker === undefined) {
      worker = { running: 0, failuresInARow: 0, restsUntil: 0, useless: false };
      workers.set(peer, worker);
    }
    return worker;
  };
  const usable = () => network.peers().filter((peer) => !workerOf(peer.id).useless);

  function start(peer: string, worker: Worker, piece: Piece): void {
    worker.running++;
    const task = job
      .fetch(peer, piece, controller.signal)
      .then(
        (outcome) => {
          worker.failuresInARow = 0;
          if (outcome === 'kept') return;
          worker.useless = true;
          job.giveBack(piece);
        },
        (error) => {
          job.giveBack(piece);
          if (!controller.signal.aborted) judge(peer, worker, error);
        },
      )
      .finally(() => {
        worker.running--;
        running.delete(task);
      });
    running.add(task);
  }

  function judge(peer: string, worker: Worker, error: unknown): void {
    log.debug({ peer, reason: messageOf(error) }, 'a piece was not brought');
    if (!isPolError(error) || OWN_FAULT.test(error.code)) {
      fault = { error };
      controller.abort(error);
    } else if (error.code.startsWith('NETWORK_') && error.code !== 'NETWORK_TOO_LARGE') {
      if (error.code === 'NETWORK_TIMEOUT') network.penalise(peer, TIMEOUT_POINTS, error.message);
      worker.failuresInARow++;
      worker.restsUntil = clock.now() + PEER_REST_MS * worker.failuresInARow;
      if (worker.failuresInARow >= MAX_FAILURES_IN_A_ROW) worker.useless = true;
    } else {
      worker.useless = true;
      network.penalise(peer, WRONG_BYTES_POINTS, error.message);
    }
  }

  /** One piece to each in turn, so that few pieces are spread over many peers. */
  function assign(): void {
    const now = clock.now();
    let free = usable();
    while (free.length > 0) {
      free = free.filter((peer) => {
        const worker = workerOf(peer.id);
        if (worker.running >= PIECES_PER_PEER || worker.restsUntil > now) return false;
        const piece = job.take(peer);
        if (piece !== undefined) start(peer.id, worker, piece);
        return piece !== undefined;
      });
    }
  }

  /** Until a piece has come or gone, or it is time to look for other peers. */
  async function something(): Promise<void> {
    let cancel = () => {};
    const look = new Promise<void>((resolve) => {
      cancel = clock.after(NO_PEERS_LOOK_MS, resolve);
    });
    await Promise.race([look, aborted, ...running]);
    cancel();
  }

  try {
    for (;;) {
      signal.throwIfAborted();
      if (fault !== undefined) throw fault.error;
      if (job.isDone(usable())) return true;
      assign();
      if (running.size > 0) idleSince = undefined;
      else {
        idleSince ??= clock.now();
        if (clock.now() - idleSince >= NO_PEERS_PATIENCE_MS) return false;
      }
      await something();
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    controller.abort(signal.reason ?? new Error('the download has ended'));
    await Promise.allSettled(running);
  }
}
