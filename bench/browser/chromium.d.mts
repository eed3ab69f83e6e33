export interface JobResult {
  readonly hash: string;
  /** Of the first and the last step. */
  readonly losses: readonly [number, number];
  readonly tokensPerSecond: number;
}

export function findChromium(environment?: Readonly<Record<string, string | undefined>>): string | undefined;
export function runInChromium(program: string, job: object, options: { readonly timeoutMs: number }): Promise<JobResult>;
