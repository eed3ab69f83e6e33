// `npm run build`: installs and builds what is missing or stale.
import { ensureBuilt, ensureDependencies, main } from './bootstrap.mjs';

await main(async () => {
  await ensureDependencies();
  await ensureBuilt();
});
