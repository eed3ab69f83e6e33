import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's own Makefile: -Ofast -march=native, with OpenMP. Others tried (-O3, 512-bit vectors, -ffast-math alone) were not faster. */
const FLAGS = ['-Ofast', '-march=native', '-fopenmp', '-DOMP', '-Wno-unused-result', '-Wno-unknown-pragmas'];
const source = join(dirname(fileURLToPath(import.meta.url)), 'train_llmc.c');

export const HOW_TO_GET_LLMC = 'llm.c not found: git clone https://github.com/karpathy/llm.c, and name the folder in POL_PEER_LLMC.';

/** Our driver, compiled against the checkout that POL_PEER_LLMC names; `undefined` without one. CC names another compiler than cc. */
export function findLlmc() {
  const checkout = process.env.POL_PEER_LLMC;
  if (checkout === undefined || !existsSync(join(checkout, 'train_gpt2.c'))) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'pol-llmc-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const command = join(folder, 'train_llmc');
  execFileSync(process.env.CC ?? 'cc', [...FLAGS, `-I${checkout}`, source, '-o', command, '-lm'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return command;
}
