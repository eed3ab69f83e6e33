/** What is known of one node; what it did not tell is undefined. */
export interface NodeSnapshot {
  readonly name: string;
  readonly role: 'authority' | 'trainer';
  readonly apiUrl: string;
  /** silent: its process runs, but its API did not answer this time; the numbers are the last it gave. */
  readonly state: 'starting' | 'running' | 'silent' | 'exited';
  readonly address?: string | undefined;
  readonly height?: number | undefined;
  readonly peers?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly training?: boolean | undefined;
  readonly tokensPerSecond?: number | undefined;
  readonly loss?: number | undefined;
  /** Wei. */
  readonly earned?: bigint | undefined;
  readonly accepted?: number | undefined;
  readonly rejected?: number | undefined;
}

/** A local network at one moment. */
export interface DevnetSnapshot {
  readonly chainId: number;
  /** Unix milliseconds, like `now` and `lastBlockAt`. */
  readonly startedAt: number;
  readonly now: number;
  /** When the height last rose. */
  readonly lastBlockAt: number;
  readonly height?: number | undefined;
  readonly round?: number | undefined;
  /** -1 before the first; undefined while unknown. */
  readonly settledRound?: number | undefined;
  readonly trainingLoss?: number | undefined;
  readonly heldOutLoss?: number | undefined;
  readonly heldOutAccuracy?: number | undefined;
  readonly tokensPerSecond: number;
  readonly accepted?: number | undefined;
  readonly rejected?: number | undefined;
  /** Held-out loss of the settled rounds, oldest first. */
  readonly heldOutLosses: readonly number[];
  readonly nodes: readonly NodeSnapshot[];
  /** The newest things that happened to nodes, newest last. */
  readonly notices: readonly string[];
}
