import type { NodeView } from '../chain/view.ts';
import type { NodeConfig } from '../params/node-config.ts';
import type { Logger } from '../primitives/log.ts';

export interface StartNodeOptions {
  readonly config: NodeConfig;
  readonly log: Logger;
}

/** A node that is up: its API answers, its peers are being dialled. */
export interface RunningNode {
  readonly view: NodeView;
  /** Base of the HTTP APIs, e.g. `http://127.0.0.1:8080`. */
  readonly apiUrl: string;
  /** Resolves when the node can no longer do its work safely (its consensus log or a worker failed): stop it. */
  readonly failed: Promise<Error>;
  /** Stops everything in order; what was final is on disk when it resolves. Calling it again gives the same promise. */
  stop(): Promise<void>;
}
