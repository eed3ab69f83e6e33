import { execFile } from 'node:child_process';

/** Output kept of a program. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Runs one of the tools to its end and gives what it printed.
 * @throws with its output, when it fails
 */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { cwd: options.cwd, env: { ...process.env, ...options.env }, maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${args[0] ?? command} failed: ${stdout}${stderr}`, { cause: error }));
      },
    );
  });
}
