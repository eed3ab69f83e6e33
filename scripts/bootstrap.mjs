// What `npm start`, `npm test` and `npm run build` share: everything a fresh clone lacks, each step skipped when it is done already.
// Plain Node, no dependencies: this runs before there are any.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const LEAST_NODE_MAJOR = 20;
const PROGRESS_INTERVAL_MS = 1000;
const PLAIN_PROGRESS_INTERVAL_MS = 15_000;
const ERROR_TAIL_CHARACTERS = 4000;

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampDirectory = join(root, 'build');

/** Ends the process with a clear message on a Node that is too old. */
export function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= LEAST_NODE_MAJOR) return;
  console.error(
    `error: pol-node needs Node ${LEAST_NODE_MAJOR} or newer, and this is ${process.versions.node}; get one from https://nodejs.org`,
  );
  process.exit(1);
}

/** Installs what package-lock.json names and node_modules lacks. */
export async function ensureDependencies() {
  const lock = readJson(join(root, 'package-lock.json'));
  const missing = missingPackages(lock, readJson(join(root, 'node_modules', '.package-lock.json')));
  if (missing === 0) return;
  const total = Object.keys(lock?.packages ?? {}).length - 1;
  await runQuietly(`installing ${missing} of ${total} packages (npm ci)`, ...npmCommand(['ci', '--include=dev']));
}

/** Builds the native kernels (when there is a C compiler) and the TypeScript, each only when its sources changed. */
export async function ensureBuilt() {
  await ensureNativeKernels();
  await ensureTypeScript();
}

/** The script knows by itself when there is nothing to do, and ends well, with a notice, where there is no compiler. */
async function ensureNativeKernels() {
  await run(process.execPath, [join(root, 'scripts', 'build-native.mjs')]);
}

async function ensureTypeScript() {
  const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(root, name));
  const main = join(root, 'dist', 'cli', 'main.js');
  await whenStale('typescript', sources, [main], async () => {
    // Without the output, the compiler's record of what it has already written is wrong.
    if (!existsSync(main)) rmSync(join(stampDirectory, 'tsc.tsbuildinfo'), { force: true });
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await runQuietly('compiling TypeScript', process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')]);
  });
}

/** Runs `build` unless the inputs are as they were after the last success and all outputs exist. */
async function whenStale(name, inputs, outputs, build) {
  const stamp = join(stampDirectory, `${name}.stamp`);
  const fingerprint = fingerprintOf(inputs);
  const upToDate = outputs.every((file) => existsSync(file)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint;
  if (upToDate) return;
  await build();
  mkdirSync(stampDirectory, { recursive: true });
  writeFileSync(stamp, fingerprint);
}

/** Names, sizes and times of all files below some paths, and the Node that builds: cheap, and enough to notice a change. */
function fingerprintOf(paths) {
  const hash = createHash('sha256').update(`${process.versions.modules} ${process.platform} ${process.arch}\n`);
  for (const file of paths.flatMap(filesBelow).sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}

/** Packages of the lockfile that are not installed in that version; optional ones may be absent. */
export function missingPackages(lock, installed) {
  const have = installed?.packages ?? {};
  return Object.entries(lock?.packages ?? {}).filter(
    ([path, { version, optional, peer }]) => path !== '' && optional !== true && peer !== true && have[path]?.version !== version,
  ).length;
}

/** npm's own program, run by this Node: no shell, no .cmd file. */
function npmCommand(args) {
  const nodeDirectory = dirname(process.execPath);
  const candidates = [
    process.env.npm_execpath,
    join(nodeDirectory, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(nodeDirectory, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const program = candidates.find((file) => file !== undefined && /npm-cli\.js$/.test(file) && existsSync(file));
  return program === undefined ? ['npm', args] : [process.execPath, [program, ...args]];
}

/** Runs a program with one line of progress; its output is shown only when it fails. */
async function runQuietly(what, command, args) {
  const startedAt = Date.now();
  const { stderr } = process;
  const progress = () => `${what} … ${Math.round((Date.now() - startedAt) / 1000)} s`;
  stderr.write(stderr.isTTY ? progress() : `${what} …\n`);
  const timer = setInterval(
    () => stderr.write(stderr.isTTY ? `\r\x1b[2K${progress()}` : `${progress()}\n`),
    stderr.isTTY ? PROGRESS_INTERVAL_MS : PLAIN_PROGRESS_INTERVAL_MS,
  );
  let output = '';
  try {
    await run(command, args, (text) => {
      output = (output + text).slice(-ERROR_TAIL_CHARACTERS);
    });
  } catch (error) {
    stderr.write(`\n${output}\n`);
    throw error;
  } finally {
    clearInterval(timer);
  }
  stderr.write(`${stderr.isTTY ? '\r\x1b[2K' : ''}${progress().replace(' …', ': done,')}\n`);
}

function run(command, args, onOutput) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: onOutput === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput);
    child.once('error', (error) => reject(new Error(`cannot run ${command}: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${relative(root, args[0] ?? command)} failed (${signal ?? `exit code ${code}`})`));
    });
  });
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Runs a script's steps; what goes wrong is one line, and exit code 1. */
export async function main(steps) {
  requireNode();
  try {
    await steps();
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
