import { createInterface } from 'node:readline';

/**
 * The peer's side of line-process.mjs: takes one step to warm up, writes `ready` and the loss as one line of JSON, and for each line
 * `{"seconds": n}` of standard input the [clock, processor] seconds of the steps of a turn that lasts at least that long.
 * @param step takes one training step, returns (a promise of) its loss
 */
export async function answerTurns(step, ready) {
  const loss = await step();
  console.log(JSON.stringify({ ...ready, loss }));
  for await (const line of createInterface({ input: process.stdin })) {
    const { seconds } = JSON.parse(line);
    const steps = [];
    for (let total = 0; total < seconds; total += steps.at(-1)[0]) steps.push(await timed(step));
    console.log(JSON.stringify({ steps }));
  }
}

async function timed(step) {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  await step();
  const { user, system } = process.cpuUsage(cpuStart);
  return [(performance.now() - start) / 1000, (user + system) / 1e6];
}
