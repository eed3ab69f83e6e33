import { createConsensusDriver } from '../chain/consensus-driver.ts';
import type { ConsensusMessage, FinalBlock } from '../codec/types.ts';
import type { BlockApplication, ConsensusDriver, ConsensusTimeouts } from '../consensus/types.ts';
import type { Signer } from '../primitives/keys.ts';
import type { SimulatedKeys } from './crypto.ts';
import { createSimulatedDisk, type SimulatedDisk } from './disk.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { NodeEnvironment, NodePlan } from './node.ts';

/** What consensus nodes say to each other. */
export type ConsensusWire =
  | { readonly type: 'consensus'; readonly message: ConsensusMessage }
  | { readonly type: 'ask'; readonly after: number }
  | { readonly type: 'blocks'; readonly finals: readonly FinalBlock[] };

export interface ConsensusNodeOptions {
  readonly keys: SimulatedKeys;
  /** Which of the keys; undefined follows without one. */
  readonly signer: Signer | undefined;
  readonly timeouts: ConsensusTimeouts;
  readonly blockIntervalMs: number;
  readonly honest?: boolean;
  readonly onCommit?: (final: FinalBlock, node: number) => void;
  readonly onEvidence?: (first: ConsensusMessage, second: ConsensusMessage) => void;
  /** Adversaries speak for themselves: what their driver would broadcast goes here instead. */
  readonly speak?: (message: ConsensusMessage, environment: NodeEnvironment<ConsensusWire>) => void;
  /** Sees each consensus message that arrives, before the driver. */
  readonly overhear?: (message: ConsensusMessage, environment: NodeEnvironment<ConsensusWire>) => void;
}

export interface ConsensusNodePlan extends NodePlan<ConsensusWire> {
  readonly disk: SimulatedDisk;
  /** Of the present life. */
  position(): { readonly height: number; readonly round: number } | undefined;
}

const SYNC_MS = 2_000;
const BLOCKS_PER_ANSWER = 16;

/** The production driver over a ledger in memory, with the simplest catch-up: ask someone for the blocks above one's own. */
export function consensusNode(options: ConsensusNodeOptions): ConsensusNodePlan {
  const disk = createSimulatedDisk();
  let current: ConsensusDriver | undefined;
  return {
    honest: options.honest ?? true,
    disk,
    position: () => current?.position,
    crash: (random) => disk.crash(random),
    boot(environment) {
      const { clock, random, log } = environment;
      const { keys, signer } = options;
      const self = signer?.address;
      const anyone = keys.signers[0]?.address ?? new Uint8Array(20);
      const ledger = createLedger({ genesisHash: keys.genesisHash, self: self ?? anyone }, { clock, random, disk });
      const speak = options.speak ?? ((message) => environment.broadcast({ type: 'consensus', message }));
      const driver = createConsensusDriver(
        {
          genesisHash: keys.genesisHash,
          authoritiesAt: () => keys.signers.map((each) => each.address),
          self,
          timeouts: options.timeouts,
          blockIntervalMs: options.blockIntervalMs,
        },
        {
          clock,
          signer,
          wal: disk.wal(clock),
          application: reporting(ledger, (final) => options.onCommit?.(final, environment.index)),
          broadcast: (message) => speak(message, environment),
          log,
          isSignedBy: keys.isSignedBy,
          ...(options.onEvidence === undefined ? {} : { onEvidence: options.onEvidence }),
        },
      );
      current = driver;
      void driver.startAfter(ledger.height);
      const sync = createSync(environment, ledger, driver, options);
      return {
        receive(payload, from) {
          if (payload.type !== 'consensus') return sync.receive(payload, from);
          options.overhear?.(payload.message, environment);
          void driver.receive(payload.message);
        },
      };
    },
  };
}

function reporting(ledger: Ledger, onCommit: (final: FinalBlock) => void): BlockApplication {
  return {
    build: ledger.build,
    validate: ledger.validate,
    async commit(final) {
      await ledger.commit(final);
      onCommit(final);
    },
  };
}

function createSync(environment: NodeEnvironment<ConsensusWire>, ledger: Ledger, driver: ConsensusDriver, options: ConsensusNodeOptions) {
  const { clock, random, size, index, send } = environment;

  function ask(): void {
    const others = Array.from({ length: size }, (_, i) => i).filter((i) => i !== index);
    if (others.length > 0) send(random.pick(others), { type: 'ask', after: ledger.height });
    clock.after(SYNC_MS, ask);
  }

  async function take(finals: readonly FinalBlock[]): Promise<void> {
    for (const final of finals) {
      if (final.block.header.height !== ledger.height + 1 || !options.keys.isFinal(final.certificate)) continue;
      await ledger.commit(final);
      options.onCommit?.(final, index);
    }
    await driver.startAfter(ledger.height);
  }

  clock.after(random.between(0, SYNC_MS), ask);
  return {
    receive(payload: Exclude<ConsensusWire, { type: 'consensus' }>, from: number): void {
      if (payload.type === 'ask') {
        const finals = ledger.final(payload.after, BLOCKS_PER_ANSWER);
        if (finals.length > 0) send(from, { type: 'blocks', finals });
      } else {
        take(payload.finals).catch((error) => environment.log.warn({ err: error }, 'catching up failed'));
      }
    },
  };
}
