// npm run bench [-- --only peaks,matmul,packed,kernels,training,hashing] [--backends NAME,…] [--threads N,…] [--models NAME,…] [--quick]
import { ensureBuilt, ensureDependencies, main } from '../scripts/bootstrap.mjs';
import { readFlags } from '../scripts/flags.mjs';

const values = readFlags(import.meta.url, {
  only: { type: 'string', default: 'peaks,matmul,packed,kernels,training,hashing' },
  backends: { type: 'string' },
  threads: { type: 'string', default: '1,2' },
  models: { type: 'string', default: 'tiny,small,gpt2' },
  quick: { type: 'boolean', default: false },
});

await main(async () => {
  await ensureDependencies();
  await ensureBuilt();
  const [
    { listBackends, selectBackend },
    { measurePeaks },
    { benchmarkMatmul, benchmarkPacked },
    { benchmarkKernels, benchmarkTraining },
    { benchmarkHashing },
    { SHAPES },
  ] = await Promise.all([
    import('../dist/numerics/backends.js'),
    import('./peaks.mjs'),
    import('./matmul.mjs'),
    import('./training.mjs'),
    import('./hashing.mjs'),
    import('./shapes.mjs'),
  ]);
  const sections = values.only.split(',');
  const compiled = listBackends().filter((name) => name !== 'reference');
  const names = values.backends?.split(',') ?? compiled;
  const backends = [];
  for (const name of names) {
    for (const threads of name.startsWith('wasm') ? [1] : values.threads.split(',').map(Number)) {
      const backend = await selectBackend({ wanted: name, threads });
      backends.push({ label: `${name} x${threads}`, backend });
    }
  }

  const peaks = await measurePeaks(names);
  console.log('Peak multiply-adds, one thread (GFLOP/s)');
  for (const [name, peak] of peaks) console.log(`  ${name.padEnd(24)}  ${peak.toFixed(1)}`);
  if (sections.includes('matmul')) {
    console.log('Matrix products');
    benchmarkMatmul(backends, peaks, values.quick ? { seconds: 0.05, largest: 1024 } : { seconds: 0.3, largest: 2048 });
  }
  if (sections.includes('packed')) {
    console.log('Products with packed weights');
    benchmarkPacked(backends, { seconds: values.quick ? 0.05 : 0.3 });
  }
  const shapes = SHAPES.filter(({ name }) => values.models.split(',').includes(name));
  if (sections.includes('kernels')) {
    console.log('Kernels of one training step');
    for (const used of backends.slice(0, 2)) benchmarkKernels(shapes[0], used, { runs: 20 });
  }
  if (sections.includes('training')) {
    console.log('Training');
    benchmarkTraining(shapes, backends, values.quick ? { runs: 3, seconds: 0.2 } : { runs: 10, seconds: 1 });
  }
  if (sections.includes('hashing')) {
    console.log("A segment's end");
    benchmarkHashing(shapes, backends, values.quick ? { runs: 3, seconds: 0.2 } : { runs: 10, seconds: 1 });
  }
});
