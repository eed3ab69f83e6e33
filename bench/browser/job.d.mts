import type { Backend } from '../../src/numerics/backend.ts';
import type { JobResult } from './chromium.mjs';

export function runJob(pol: object, backend: Backend, job: object): Promise<JobResult>;
