// Builds build/native/pol-kernels.node from kernels/ with the first compiler that works. Never fails: WebAssembly stands in.
// Usage: node scripts/build-native.mjs [--force]
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NATIVE_FLAGS, VARIANT_FLAGS } from './kernel-flags.mjs';

const run = promisify(execFile);
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const sources = path.join(root, 'kernels');
const outputDirectory = path.join(root, 'build', 'native');
const output = path.join(outputDirectory, 'pol-kernels.node');
const stamp = path.join(outputDirectory, 'pol-kernels.stamp');

const firstLine = (error) =>
  String(error.stderr || error.message || error)
    .trim()
    .split('\n')[0];

async function sourceHash() {
  const hash = createHash('sha256');
  for (const name of (await readdir(sources)).sort()) {
    if (name.endsWith('.c') || name.endsWith('.h')) hash.update(name).update(await readFile(path.join(sources, name)));
  }
  for (const script of ['build-native.mjs', 'kernel-flags.mjs']) hash.update(await readFile(path.join(root, 'scripts', script)));
  return hash.update(`${process.platform} ${process.arch}`).digest('hex');
}

async function isBuilt(hash) {
  const [stamped, exists] = await Promise.all([
    readFile(stamp, 'utf8').catch(() => ''),
    access(output).then(
      () => true,
      () => false,
    ),
  ]);
  return exists && stamped === hash;
}

function nodeApiHeaders() {
  const require = createRequire(import.meta.url);
  return require('node-api-headers').include_dir;
}

async function installedCompilers() {
  const found = [];
  for (const compiler of new Set([process.env.CC, 'cc', 'gcc', 'clang'])) {
    if (!compiler) continue;
    try {
      await run(compiler, ['--version']);
      found.push(compiler);
    } catch {
      // Not installed: the next one.
    }
  }
  return found;
}

async function build(compiler, directory) {
  const compile = async (source, object, flags) => {
    const file = path.join(directory, object);
    await run(compiler, [...NATIVE_FLAGS, ...flags, '-c', path.join(sources, source), '-o', file]);
    return file;
  };
  const built = await Promise.all(
    Object.entries(VARIANT_FLAGS[process.arch]).map(async ([name, flags]) => {
      try {
        return { name, object: await compile('kernels.c', `${name}.o`, [...flags, `-DPOL_RUN=pol_run_${name}`]) };
      } catch (error) {
        console.log(`native kernels: ${compiler} cannot build the ${name} variant (${firstLine(error)})`);
        return undefined;
      }
    }),
  );
  const variants = built.filter((variant) => variant !== undefined);
  if (variants.length === 0) throw new Error('no variant could be built');
  const have = variants.map(({ name }) => `-DPOL_${name.toUpperCase()}=PRESENT`);
  const objects = await Promise.all([
    compile('pool.c', 'pool.o', []),
    compile('sha256.c', 'sha256.o', []),
    compile('addon.c', 'addon.o', ['-DNAPI_VERSION=8', `-I${nodeApiHeaders()}`, ...have]),
  ]);
  const link = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-pthread'];
  const file = path.join(directory, 'pol-kernels.node');
  await run(compiler, [...link, ...variants.map(({ object }) => object), ...objects, '-o', file]);
  return { file, names: variants.map(({ name }) => name) };
}

async function main() {
  if (VARIANT_FLAGS[process.arch] === undefined || !['linux', 'darwin'].includes(process.platform)) {
    console.log(`native kernels: not built for ${process.platform} ${process.arch}; the WebAssembly backend is used`);
    return;
  }
  const hash = await sourceHash();
  if (!process.argv.includes('--force') && (await isBuilt(hash))) return;
  // An addon of older sources must not be loaded should this build fail.
  await rm(output, { force: true });
  const compilers = await installedCompilers();
  if (compilers.length === 0)
    console.log('native kernels: no C compiler found (install gcc or clang, or set CC); the WebAssembly backend is used');
  for (const compiler of compilers) {
    if (await tryBuild(compiler, hash)) return;
  }
}

async function tryBuild(compiler, hash) {
  await mkdir(outputDirectory, { recursive: true });
  const directory = await mkdtemp(path.join(outputDirectory, 'build-'));
  try {
    const { file, names } = await build(compiler, directory);
    // Renamed into place, never written over: a process may have it loaded.
    await rename(file, output);
    await writeFile(stamp, hash);
    console.log(`native kernels: built ${names.join(', ')} with ${compiler}`);
    return true;
  } catch (error) {
    console.log(`native kernels: ${compiler} failed (${firstLine(error)}); the WebAssembly backend is used unless another compiler works`);
    return false;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

await main();
