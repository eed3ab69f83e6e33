import type { BoundaryInput, LearningService, ModelFiles, UpdateReference } from '../learning/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { messageOf } from '../primitives/errors.ts';
import { createSignal } from '../primitives/events.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import type { ProtocolState } from '../protocol/types.ts';
import type { BlockStore } from './block-store.ts';
import { lastBoundaryInput, sealedReferences } from './boundary-input.ts';
import type { BoundaryOracle } from './chain.ts';
import { FOLLOW_RETRY_FIRST_MS, FOLLOW_RETRY_LAST_MS, FOLLOW_UPDATE_TIMEOUT_MS, UPDATE_WAIT_MS } from './limits.ts';

/** Where updates and whole models come from when this node does not hold them. Implemented by sync/. */
export interface ModelSource {
  /** Puts the update into the blob store; false when nobody served it within `timeoutMs`. */
  update(reference: UpdateReference, timeoutMs: number): Promise<boolean>;
  /** Drops a held update that turned out to be damaged, so that it is fetched again. */
  discard(reference: UpdateReference): Promise<void>;
  /** The settled model's files, every chunk verified against its root; undefined when nobody serves the rest of it now. */
  snapshot(modelRoot: Hash): Promise<ModelFiles | undefined>;
  /** The files of a snapshot were taken over, and may go. */
  discardSnapshot(): Promise<void>;
}

/** Keeps the learning engine's models in step with the chain, by merging or, when too far behind, by snapshot. */
export interface ModelKeeper {
  readonly oracle: BoundaryOracle;
  /** Call after each final block: fetches the updates of new proofs, and catches up with the chain's model when it is behind. */
  follow(): void;
  /** The open round whose start weights this node holds; undefined while it catches up. */
  readonly readyRound: number | undefined;
  onReady(listener: (round: number) => void): () => void;
  stop(): Promise<void>;
}

export function createModelKeeper(dependencies: {
  readonly learning: LearningService;
  readonly source: ModelSource;
  readonly blocks: BlockStore;
  readonly state: () => ProtocolState;
  readonly clock: Clock;
  readonly log: Logger;
}): ModelKeeper {
  const { learning, source, blocks, state, clock, log } = dependencies;
  const ready = createSignal<number>((error) => log.error({ err: error }, 'a listener of the model failed'));
  let readyRound: number | undefined;
  let running: Promise<void> | undefined;
  let stopped = false;
  let interrupt: () => void = () => {};
  /** Updates of the open round that are held and well-formed, or on their way. */
  let asked: { readonly round: number; readonly updates: Set<string> } = { round: -1, updates: new Set() };

  async function isHeld(reference: UpdateReference, timeoutMs: number): Promise<boolean> {
    return (await source.update(reference, timeoutMs)) && (await learning.updateIsValid(reference));
  }

  async function held(references: readonly UpdateReference[], timeoutMs: number): Promise<readonly UpdateReference[]> {
    const found = await Promise.all(references.map((reference) => isHeld(reference, timeoutMs)));
    return references.filter((_, i) => found[i]);
  }

  /** All of the updates of a final block: 67 % of the authorities found them well-formed, so one that is not was damaged here. */
  async function obtainFinal(references: readonly UpdateReference[]): Promise<boolean> {
    const found = await held(references, FOLLOW_UPDATE_TIMEOUT_MS);
    for (const reference of references) if (!found.includes(reference)) await source.discard(reference);
    return found.length === references.length;
  }

  /** Fetches updates while their round is open: where links are slow the boundary comes too late to begin. */
  function fetchAhead(): void {
    const { number, proofs } = state().open;
    if (asked.round !== number) asked = { round: number, updates: new Set() };
    const { updates } = asked;
    for (const reference of sealedReferences(proofs)) {
      const name = toHex(reference.updateHash);
      if (updates.has(name)) continue;
      updates.add(name);
      isHeld(reference, FOLLOW_UPDATE_TIMEOUT_MS).then(
        (isWell) => {
          if (!isWell) updates.delete(name);
        },
        (error) => {
          updates.delete(name);
          log.debug({ update: name, reason: messageOf(error) }, 'could not fetch an update ahead of its boundary');
        },
      );
    }
  }

  /** False when this node's models cannot be merged to the final ones. */
  async function merge(input: BoundaryInput, expected: ProtocolState): Promise<boolean> {
    if (!(await obtainFinal([...input.accepted, ...input.sealed]))) return false;
    const roots = await learning.boundary(input);
    if (!equalBytes(roots.modelRoot, expected.modelRoot) || !equalBytes(roots.startRoot, expected.open.startRoot)) {
      log.error(
        { round: input.round, computed: toHex(roots.modelRoot), final: toHex(expected.modelRoot) },
        'this machine merges to another model than the network: run pol-node doctor',
      );
      return false;
    }
    await learning.commitBoundary(input);
    return true;
  }

  async function takeSnapshot(expected: ProtocolState): Promise<boolean> {
    const sealed = sealedReferences(expected.sealed?.proofs ?? []);
    // Cheapest first: without the updates the snapshot is of no use.
    if (!(await obtainFinal(sealed))) return false;
    const files = await source.snapshot(expected.modelRoot);
    if (files === undefined) return false;
    await learning.importSnapshot(files, {
      openRound: expected.open.number,
      modelRoot: expected.modelRoot,
      startRoot: expected.open.startRoot,
      sealed,
    });
    await source.discardSnapshot();
    log.info({ round: expected.open.number }, 'took the settled model over from peers');
    return true;
  }

  /** Brings the models to `target`; true when they are there. */
  async function advanceTo(target: ProtocolState): Promise<boolean> {
    const current = await learning.current();
    if (current.round === target.open.number && equalBytes(current.startRoot, target.open.startRoot)) return true;
    const input = lastBoundaryInput(target, target.sealed && blocks.settledRound(target.sealed.number - 1));
    if (input !== undefined && current.round === input.round && (await merge(input, target))) return true;
    return takeSnapshot(target);
  }

  async function attempt(target: ProtocolState): Promise<boolean> {
    try {
      return await advanceTo(target);
    } catch (error) {
      if (!stopped) log.warn({ reason: messageOf(error) }, 'could not bring the model up to date yet');
      return false;
    }
  }

  /** The work's value, or undefined as soon as the node stops. `work` never rejects. */
  function unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      interrupt = () => resolve(undefined);
      void work.then(resolve);
    });
  }

  async function pause(ms: number): Promise<void> {
    let cancel = () => {};
    await unlessStopped(
      new Promise<void>((resolve) => {
        cancel = clock.after(ms, resolve);
      }),
    );
    cancel();
  }

  /** Until the models are those of the open round. A fetch or merge under way is left to itself when the node stops. */
  async function run(): Promise<void> {
    let delayMs = FOLLOW_RETRY_FIRST_MS;
    while (!stopped) {
      const target = state();
      const isThere = (await unlessStopped(attempt(target))) ?? false;
      if (stopped) return;
      const isCurrent = state().open.number === target.open.number;
      if (isThere && isCurrent) {
        readyRound = target.open.number;
        ready.emit(readyRound);
        return;
      }
      // Another boundary is final meanwhile: on to that one at once.
      if (isThere || !isCurrent) {
        delayMs = FOLLOW_RETRY_FIRST_MS;
        continue;
      }
      await pause(delayMs);
      delayMs = Math.min(2 * delayMs, FOLLOW_RETRY_LAST_MS);
    }
  }

  return {
    oracle: {
      available: (updates) => held(updates, UPDATE_WAIT_MS),
      roots: (input) => learning.boundary(input),
    },
    follow() {
      if (stopped) return;
      fetchAhead();
      if (readyRound !== state().open.number) readyRound = undefined;
      if (readyRound !== undefined || running !== undefined) return;
      running = run().finally(() => {
        running = undefined;
      });
    },
    get readyRound() {
      return readyRound;
    },
    onReady: ready.on,
    async stop() {
      stopped = true;
      interrupt();
      await running;
    },
  };
}
