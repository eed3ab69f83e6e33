// In the tab: fetches the job, runs it in this thread, posts what came of it.
import { runJob } from './job.mjs';

const post = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });

try {
  const pol = await import('/dist/browser.js');
  const job = await (await fetch('/job')).json();
  await post(await runJob(pol, await pol.loadWasmBackend(), job));
} catch (error) {
  await post({ error: String(error?.stack ?? error) });
}
