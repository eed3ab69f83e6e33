/**
 * Time that the fuzzing thread itself worked, ms: neither a pause of the process nor a busy machine counts, and V8's own threads do not
 * make it pass faster. Call often: each call adds the lesser of what the clock and the process's processor time advanced by.
 */
export function createWorkClock(): () => number {
  let worked = 0;
  let lastAt = performance.now();
  let lastProcessor = processorMs();
  return () => {
    const [at, processor] = [performance.now(), processorMs()];
    worked += Math.min(at - lastAt, processor - lastProcessor);
    lastAt = at;
    lastProcessor = processor;
    return worked;
  };
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
