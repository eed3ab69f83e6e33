import { formatBytes } from '../text.ts';

const LEAST_NODE_MAJOR = 20;
/** Two copies of a small model with its optimizer, the chain, and JavaScript itself. */
const LEAST_MEMORY_BYTES = 1024 ** 3;
const RECOMMENDED_MEMORY_BYTES = 8 * 1024 ** 3;
const LEAST_DISK_BYTES = 1024 ** 3;
const RECOMMENDED_DISK_BYTES = 10 * 1024 ** 3;

/** What was found on this machine. */
export interface MachineFacts {
  readonly nodeVersion: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Undefined when the system does not tell. */
  readonly freeDiskBytes: number | undefined;
  readonly dataDirectory: string;
  /** First line of the C compiler's version, if there is one. */
  readonly compiler: string | undefined;
  /** Each kind of arithmetic: the backend that passed its self-test, or why there is none. */
  readonly backends: readonly { readonly wanted: string; readonly name?: string; readonly problem?: string }[];
}

export interface Check {
  readonly result: 'ok' | 'note' | 'fail';
  readonly text: string;
}

/** Judges the facts. A note costs speed or comfort; a failure keeps a node from running. Pure. */
export function judge(facts: MachineFacts): readonly Check[] {
  const { memoryBytes, freeDiskBytes, compiler } = facts;
  const major = Number(facts.nodeVersion.replace(/^v/, '').split('.')[0]);
  const usable = facts.backends.filter((backend) => backend.name !== undefined);
  return [
    major >= LEAST_NODE_MAJOR
      ? { result: 'ok', text: `Node ${facts.nodeVersion} on ${facts.platform}` }
      : { result: 'fail', text: `Node ${facts.nodeVersion}: ${LEAST_NODE_MAJOR} or newer is needed, see https://nodejs.org` },
    { result: 'ok', text: `${facts.cores} × ${facts.cpu}` },
    level(memoryBytes, LEAST_MEMORY_BYTES, RECOMMENDED_MEMORY_BYTES, `${formatBytes(memoryBytes)} of memory`),
    freeDiskBytes === undefined
      ? { result: 'note', text: `free disk space at ${facts.dataDirectory} is not known` }
      : level(freeDiskBytes, LEAST_DISK_BYTES, RECOMMENDED_DISK_BYTES, `${formatBytes(freeDiskBytes)} free at ${facts.dataDirectory}`),
    compiler === undefined
      ? {
          result: 'note',
          text: 'no C compiler: WebAssembly kernels are used, which are slower; install gcc or clang, then "npm run build"',
        }
      : { result: 'ok', text: `C compiler: ${compiler}` },
    ...facts.backends.map(
      ({ wanted, name, problem }): Check =>
        name === undefined
          ? { result: 'note', text: `${wanted} arithmetic: ${problem ?? 'not available'}` }
          : { result: 'ok', text: `${wanted} arithmetic: ${name} passes its self-test` },
    ),
    ...(usable.length === 0
      ? [{ result: 'fail' as const, text: 'no arithmetic passes its self-test: this machine must not train or vote' }]
      : []),
  ];
}

function level(bytes: number, least: number, recommended: number, text: string): Check {
  if (bytes < least) return { result: 'fail', text: `${text}: at least ${formatBytes(least)} is needed` };
  if (bytes < recommended) return { result: 'note', text: `${text}: ${formatBytes(recommended)} is recommended` };
  return { result: 'ok', text };
}
