/** One write of a batch; `value` undefined deletes. */
export interface Write {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export interface RangeOptions {
  /** Inclusive. */
  readonly from: Uint8Array;
  /** Exclusive. */
  readonly to: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** An ordered key-value store. Reads are synchronous; a batch is atomic, and durable when its promise resolves. */
export interface KeyValueStore {
  get(key: Uint8Array): Uint8Array | undefined;
  has(key: Uint8Array): boolean;
  range(options: RangeOptions): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  write(batch: readonly Write[]): Promise<void>;
  close(): Promise<void>;
}

/** Large immutable values by 32-byte identity (an update's hash, a state's root), one file each. Usable from several threads at once. */
export interface BlobStore {
  /** Atomic: a reader never sees half a blob. */
  put(id: Uint8Array, bytes: Uint8Array): Promise<void>;
  get(id: Uint8Array): Promise<Uint8Array | undefined>;
  has(id: Uint8Array): Promise<boolean>;
  delete(id: Uint8Array): Promise<void>;
  list(): Promise<readonly Uint8Array[]>;
}
