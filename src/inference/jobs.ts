import type { CompletionEvent, CompletionRequest } from '../chain/view.ts';

/** Names a job for `cancel`, and the model that it is about. */
interface Job {
  readonly id: number;
  /** File of little-endian f32 weights, and a name that changes with them. */
  readonly weightsPath: string;
  readonly modelId: string;
  readonly prompt: readonly number[];
}

export interface GenerationJob extends Job, Omit<CompletionRequest, 'prompt' | 'seed' | 'signal'> {
  readonly seed: number;
}

export type EmbeddingJob = Job;

export type GenerationEvent = Exclude<CompletionEvent, { type: 'end' }>;

export interface GenerationEnd {
  readonly reason: 'stop' | 'length';
  /** Every token made. */
  readonly tokens: readonly number[];
  readonly cachedTokens: number;
}
