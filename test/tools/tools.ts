import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Other people's programs that tests run against ours. They are no dependency of the project:
 * `npm install --prefix test/tools --no-save --ignore-scripts --omit=optional --omit=optional` installs them, CI does, and tests skip without.
 */
const folder = fileURLToPath(new URL('.', import.meta.url));
const resolve = createRequire(`${folder}package.json`);

/** Whether a package of test/tools is installed: the condition of `describe.skipIf(!hasTool(…))`. */
export function hasTool(name: string): boolean {
  return existsSync(`${folder}node_modules/${name}/package.json`);
}

/** Imports a package of test/tools, or a file of it. */
export async function importTool<T>(specifier: string): Promise<T> {
  return (await import(pathToFileURL(resolve.resolve(specifier)).href)) as T;
}

/** Path of a command that a package of test/tools installs, such as `anvil`. */
export function toolCommand(name: string): string {
  return `${folder}node_modules/.bin/${name}`;
}

/** Path of Foundry's own program: the wrapper that npm installs under its name ends with 0 whatever happened. */
export function foundryProgram(name: 'anvil' | 'cast' | 'forge'): string {
  return `${folder}node_modules/@foundry-rs/${name}-linux-amd64/bin/${name}`;
}
