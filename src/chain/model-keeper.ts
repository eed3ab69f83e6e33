import type { BoundaryInput, LearningService, UpdateReference } from '../learning/types.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Clock } from '../primitives/clock.ts';
import { messageOf } from '../primitives/errors.ts';
import { createSignal } from '../primitives/events.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Logger } from '../primitives/log.ts';
import type { ProtocolState } from '../protocol/types.ts';
import type { BlockStore } from './block-store.ts';
import { lastBoundaryInput } from './boundary-input.ts';
import type { BoundaryOracle } from './chain.ts';
import { UPDATE_WAIT_MS } from './limits.ts';

/** Where updates and whole models come from when this node does not hold them. Implemented by sync/. */
export interface ModelSource {
  /** Puts the update into the blob store; false when nobody served it within `timeoutMs`. */
  update(reference: UpdateReference, timeoutMs: number): Promise<boolean>;
  snapshot(modelRoot: Hash): Promise<Uint8Array | undefined>;
}

/** Keeps the learning engine's models in step with the chain, by merging or, when too far behind, by snapshot. */
export interface ModelKeeper {
  readonly oracle: BoundaryOracle;
  /** Starts catching up with the chain's state when it is not doing so already. */
  follow(): void;
  /** The open round whose start weights this node holds; undefined while it catches up. */
  readonly readyRound: number | undefined;
  onReady(listener: (round: number) => void): () => void;
  stop(): Promise<void>;
}

const RETRY_MS = 2_000;
const FOLLOW_UPDATE_TIMEOUT_MS = 20_000;

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
  let cancelRetry: () => void = () => {};

  async function obtain(references: readonly UpdateReference[], timeoutMs: number): Promise<readonly UpdateReference[]> {
    const held = await Promise.all(
      references.map(async (reference) => (await source.update(reference, timeoutMs)) && (await learning.updateIsValid(reference))),
    );
    return references.filter((_, i) => held[i]);
  }

  async function merge(input: BoundaryInput, expected: ProtocolState): Promise<boolean> {
    const needed = [...input.accepted, ...input.sealed];
    if ((await obtain(needed, FOLLOW_UPDATE_TIMEOUT_MS)).length < needed.length) return false;
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
    const bytes = await source.snapshot(expected.modelRoot);
    if (bytes === undefined) return false;
    const sealed = lastBoundaryInput(expected, undefined)?.sealed ?? [];
    if ((await obtain(sealed, FOLLOW_UPDATE_TIMEOUT_MS)).length < sealed.length) return false;
    await learning.importSnapshot(bytes, {
      openRound: expected.open.number,
      modelRoot: expected.modelRoot,
      startRoot: expected.open.startRoot,
      sealed,
    });
    log.info({ round: expected.open.number }, 'took the settled model over from a peer');
    return true;
  }

  async function advance(): Promise<boolean> {
    const target = state();
    const current = await learning.current();
    if (current.round === target.open.number && equalBytes(current.startRoot, target.open.startRoot)) return true;
    const input = lastBoundaryInput(target, target.sealed && blocks.settledRound(target.sealed.number - 1));
    if (input !== undefined && current.round === input.round && (await merge(input, target))) return false;
    if (await takeSnapshot(target)) return false;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(RETRY_MS, resolve);
      cancelRetry = () => {
        cancel();
        resolve();
      };
    });
    return false;
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        if (await advance()) {
          const round = state().open.number;
          if (readyRound !== round) {
            readyRound = round;
            ready.emit(round);
          }
          return;
        }
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'could not bring the model up to date yet');
        await new Promise<void>((resolve) => {
          cancelRetry = clock.after(RETRY_MS, resolve);
        });
      }
    }
  }

  function follow(): void {
    if (stopped) return;
    if (readyRound !== state().open.number) readyRound = undefined;
    if (readyRound !== undefined || running !== undefined) return;
    running = run().finally(() => {
      running = undefined;
      // The chain may have crossed another boundary meanwhile.
      if (readyRound !== undefined && readyRound !== state().open.number) follow();
    });
  }

  return {
    oracle: {
      available: (updates) => obtain(updates, UPDATE_WAIT_MS),
      roots: (input) => learning.boundary(input),
    },
    follow,
    get readyRound() {
      return readyRound;
    },
    onReady: ready.on,
    async stop() {
      stopped = true;
      cancelRetry();
      await running;
    },
  };
}
