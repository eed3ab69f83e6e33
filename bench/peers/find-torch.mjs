import { execFileSync } from 'node:child_process';

const CANDIDATES = ['/usr/bin/python3', 'python3'];

/**
 * A Python that has PyTorch, and the environment to run it in: POL_PEER_PYTHON names the program, POL_PEER_LIBRARIES a folder of
 * libraries (OpenBLAS) to look in first. `undefined` when there is none.
 */
export function findTorch({ threads }) {
  const env = environment(threads);
  const candidates = process.env.POL_PEER_PYTHON === undefined ? CANDIDATES : [process.env.POL_PEER_PYTHON];
  for (const command of candidates) {
    try {
      const version = execFileSync(command, ['-c', 'import torch; print(torch.__version__)'], { env, encoding: 'utf8', stdio: 'pipe' });
      return { command, env, version: version.trim() };
    } catch {
      // No such program, or it has no PyTorch: the next one.
    }
  }
  return undefined;
}

export const HOW_TO_INSTALL =
  'PyTorch is not installed, or POL_PEER_PYTHON names a Python without it. On Debian: apt-get install python3-torch; docs/benchmarks.md says how to give it a fast BLAS.';

function environment(threads) {
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), PYTHONDONTWRITEBYTECODE: '1' };
  if (process.env.POL_PEER_LIBRARIES !== undefined) env.LD_LIBRARY_PATH = process.env.POL_PEER_LIBRARIES;
  // Hints for another program's OpenBLAS; this one is to choose by itself.
  delete env.OPENBLAS_CORETYPE;
  delete env.OPENBLAS_L2_SIZE;
  return env;
}
